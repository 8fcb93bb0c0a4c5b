# Confirmatory factor analysis of the Holzinger data by lavaan, with divisor n, expected information and means in the model.
suppressMessages(library(lavaan))
library(jsonlite)

data <- read.csv("../../crates/unmix-data/data/holzinger_swineford_1939.csv")[, paste0("x", 1:9)]

three <- "
  visual  =~ x1 + x2 + x3
  textual =~ x4 + x5 + x6
  speed   =~ x7 + x8 + x9"
# x4, x1 and x7 begin the factors: a lower triangle, and uncorrelated factors
echelon <- "
  f1 =~ x4 + x1 + x7 + x2 + x3 + x5 + x6 + x8 + x9
  f2 =~ 0*x4 + x1 + x7 + x2 + x3 + x5 + x6 + x8 + x9
  f3 =~ 0*x4 + 0*x1 + x7 + x2 + x3 + x5 + x6 + x8 + x9"
crossed <- "
  visual  =~ x1 + x2 + x3 + x9
  textual =~ x4 + x5 + x6
  speed   =~ x7 + x8 + x9
  x2 ~~ x7"
# a factor with one variable, whose noise is known
single <- "
  visual  =~ x1
  textual =~ x4 + x5 + x6
  speed   =~ x7 + x8 + x9
  x1 ~~ 0.4 * x1"

# by name, and by the name with its sides exchanged where they mean the same
named <- function(table, columns) {
  rows <- lapply(seq_len(nrow(table)), function(i) as.list(table[i, columns]))
  other <- table$op == "~~" & table$lhs != table$rhs
  setNames(c(rows, rows[other]), c(paste(table$lhs, table$op, table$rhs), paste(table$rhs, table$op, table$lhs)[other]))
}

fitted <- function(model, columns = paste0("x", 1:9), ...) {
  fit <- cfa(model, data[, columns], meanstructure = TRUE, optim.method = "BFGS", control = list(reltol = 0, abstol = 0, maxit = 5000), ...)
  stopifnot(max(abs(lavInspect(fit, "gradient"))) < 1e-6)
  estimates <- subset(parameterEstimates(fit), op %in% c("=~", "~~") & se > 0, select = c("lhs", "op", "rhs", "est", "se", "z"))
  measures <- as.list(fitMeasures(fit, c("npar", "chisq", "df", "pvalue", "cfi", "tli", "rmsea", "rmsea.ci.lower", "rmsea.ci.upper",
                                        "srmr_bentler_nomean", "logl", "aic", "bic")))
  indices <- modindices(fit, sort. = TRUE)
  indices <- subset(indices, op %in% c("=~", "~~") & is.finite(mi) & mi > 1e-3, select = c("lhs", "op", "rhs", "mi", "epc"))
  residuals <- lavResiduals(fit, type = "cor.bentler")$cov[columns, columns]
  list(
    estimates = named(estimates, c("est", "se")), fit = measures, modifications = named(head(indices, 10), c("mi", "epc")),
    residual_correlations = matrix(as.numeric(residuals), nrow(residuals)),
    regression_scores = matrix(as.numeric(head(lavPredict(fit, method = "regression"), 5)), 5),
    bartlett_scores = matrix(as.numeric(head(lavPredict(fit, method = "Bartlett"), 5)), 5)
  )
}

out <- list(
  generator = paste("lavaan", packageVersion("lavaan"), "R", getRversion()),
  correlated = fitted(three, std.lv = TRUE),
  uncorrelated = fitted(three, std.lv = TRUE, orthogonal = TRUE),
  marker = fitted(three),
  echelon = fitted(echelon, std.lv = TRUE, orthogonal = TRUE),
  crossed = fitted(crossed, std.lv = TRUE),
  single = fitted(single, columns = paste0("x", c(1, 4:9)), std.lv = TRUE)
)
write(toJSON(out, digits = 14, auto_unbox = TRUE), "lavaan.json")
