# Principal axis factoring, measures of suitability, Velicer's rule and factor scores of psych on the Holzinger data.
suppressMessages(library(psych))
library(jsonlite)

data <- read.csv("../../crates/unmix-data/data/holzinger_swineford_1939.csv")
tests <- as.matrix(data[, paste0("x", 1:9)])
r <- cor(tests)
plain <- function(m) matrix(as.numeric(m), nrow(m))

# psych stops by default after 50 iterations or when the sum of the communalities changes by less than 1e-3
principal_axis <- function(r, k, ...) {
  fit <- fa(r, nfactors = k, n.obs = nrow(tests), fm = "pa", rotate = "none", max.iter = 100000, min.err = 1e-14, SMC = TRUE, warnings = FALSE)
  list(components = k, loadings = plain(fit$loadings), communalities = as.numeric(fit$communality))
}
# its defaults, for what stopping early does
early <- suppressWarnings(fa(r, nfactors = 3, n.obs = nrow(tests), fm = "pa", rotate = "none"))

# scores at the maximum of the likelihood, of factors that correlate
ml <- factanal(tests, 3, rotation = "none", control = list(opt = list(factr = 1, pgtol = 0, maxit = 10000)))
oblique <- GPArotation::GPFoblq(unclass(ml$loadings)[1:9, 1:3], method = "quartimin", eps = 1e-9, maxit = 10000)
scores <- function(f, phi, method) {
  fit <- factor.scores(tests, f, Phi = phi, method = method)
  list(weights = plain(fit$weights), scores = plain(head(fit$scores, 5)))
}
methods <- list(regression = "Thurstone", bartlett = "Bartlett", anderson = "Anderson", "ten-berge" = "tenBerge")
unrotated <- unclass(ml$loadings)[1:9, 1:3]
pa3 <- principal_axis(r, 3)

subsets <- list(1:9, 1:6, 4:9, c(1:3, 7:9), c(1, 2, 4, 5, 7, 8), 2:7)
out <- list(
  generator = paste("psych", packageVersion("psych"), "GPArotation", packageVersion("GPArotation"), "R", getRversion()),
  principal_axis = lapply(1:3, function(k) principal_axis(r, k)),
  early = list(communalities = as.numeric(early$communality)),
  kmo = list(overall = KMO(r)$MSA, per_variable = as.numeric(KMO(r)$MSAi)),
  bartlett = cortest.bartlett(r, n = nrow(tests))[c("chisq", "p.value", "df")],
  average_partials = lapply(subsets, function(v)
    list(columns = v, values = suppressWarnings(VSS(r[v, v], n = length(v) - 1, n.obs = nrow(tests), rotate = "none", plot = FALSE)$map))),
  likelihood = list(
    correlated = list(loadings = plain(oblique$loadings), correlation = plain(oblique$Phi),
                      methods = lapply(methods[c("regression", "bartlett", "ten-berge")], function(m) scores(oblique$loadings, oblique$Phi, m))),
    uncorrelated = list(loadings = plain(unrotated), methods = lapply(methods, function(m) scores(unrotated, diag(3), m)))
  ),
  # away from the maximum of the likelihood, weights from sample correlations and from the model differ
  axis_scores = lapply(methods, function(m) scores(pa3$loadings, diag(3), m))
)
write(toJSON(out, digits = 14, auto_unbox = TRUE), "psych.json")
