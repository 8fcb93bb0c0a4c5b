# One factor of the Holzinger data with missing values by lavaan's full-information maximum likelihood: the likelihood of an exploratory
# model with one factor.
suppressMessages(library(lavaan))
library(jsonlite)

columns <- paste0("x", 1:9)
data <- read.csv("../../crates/unmix-data/data/holzinger_swineford_1939.csv")[, columns]

# which entries are missing is arithmetic, so that the test can repeat it; row i, column j from 1
thinned <- function(data, modulus) {
  for (j in 1:9) data[(7 * (1:nrow(data)) + 11 * j + (1:nrow(data))^2 * j) %% modulus == 0, j] <- NA
  data[rowSums(!is.na(data)) > 0, ]
}

fitted <- function(columns, modulus) {
  x <- thinned(data, modulus)
  model <- paste("f =~", paste(columns, collapse = " + "))
  fit <- cfa(model, x[, columns], std.lv = TRUE, missing = "fiml", optim.method = "BFGS",
             control = list(reltol = 0, abstol = 0, maxit = 5000), em.h1.tol = 1e-12, em.h1.iter.max = 100000, baseline = FALSE)
  stopifnot(max(abs(lavInspect(fit, "gradient"))) < 1e-6)
  est <- lavInspect(fit, "est")
  measures <- fitMeasures(fit, c("logl", "unrestricted.logl", "chisq", "df", "npar"))
  list(columns = columns, modulus = modulus, missing = sum(is.na(x[, columns])), loadings = as.numeric(est$lambda), uniqueness = as.numeric(diag(est$theta)),
       mean = as.numeric(est$nu), fit = as.list(measures), gradient = max(abs(lavInspect(fit, "gradient"))),
       mean_unrestricted = as.numeric(lavInspect(fit, "sampstat")$mean), covariance_unrestricted = matrix(as.numeric(lavInspect(fit, "sampstat")$cov), length(columns)),
       scores = as.numeric(head(lavPredict(fit), 8)))
}

out <- list(
  generator = paste("lavaan", packageVersion("lavaan"), "R", getRversion()),
  fits = list(fitted(columns, 5), fitted(columns, 13), fitted(columns[4:9], 3))
)
write(toJSON(out, digits = 14, auto_unbox = TRUE), "fiml.json")
