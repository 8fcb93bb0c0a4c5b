# Rotations of GPArotation and stats::promax, applied to the unrotated loadings of factanal on the Holzinger data.
suppressMessages(library(GPArotation))
library(jsonlite)

data <- read.csv("../../crates/unmix-data/data/holzinger_swineford_1939.csv")
tests <- as.matrix(data[, paste0("x", 1:9)])
a <- unclass(factanal(tests, factors = 3, rotation = "none")$loadings)
attributes(a) <- list(dim = dim(a))
d <- nrow(a); k <- ncol(a)

target <- matrix(NA, d, k)
target[1:3, 2:3] <- 0; target[4:6, c(1, 3)] <- 0; target[7:9, 1:2] <- 0

set.seed(1)
# the best of 10 starts, as the library of this version has no random starts of its own
best <- function(rotate) {
  fits <- lapply(1:10, function(i) rotate(if (i == 1) diag(k) else Random.Start(k)))
  fits[[which.min(sapply(fits, function(fit) fit$Table[nrow(fit$Table), 2]))]]
}
orthogonal <- function(method, args = list())
  best(function(start) GPForth(a, Tmat = start, method = method, methodArgs = args, eps = 1e-7, maxit = 2000))
oblique <- function(method, args = list())
  best(function(start) GPFoblq(a, Tmat = start, method = method, methodArgs = args, eps = 1e-7, maxit = 2000))
result <- function(fit) {
  phi <- if (is.null(fit$Phi)) diag(k) else fit$Phi
  list(loadings = matrix(as.numeric(fit$loadings), d, k), correlation = matrix(as.numeric(phi), k, k))
}
fits <- list(
  varimax = orthogonal("varimax"),
  quartimax = orthogonal("quartimax"),
  equamax = orthogonal("cf", list(kappa = k / (2 * d))),
  parsimax = orthogonal("cf", list(kappa = (k - 1) / (d + k - 2))),
  "geomin-orthogonal" = orthogonal("geomin"),
  "infomax-orthogonal" = orthogonal("infomax"),
  quartimin = oblique("quartimin"),
  "oblimin-minus-half" = oblique("oblimin", list(gam = -0.5)),
  geomin = oblique("geomin"),
  infomax = oblique("infomax"),
  target = oblique("pst", list(W = 1 * !is.na(target), Target = ifelse(is.na(target), 0, target)))
)
promaxed <- promax(varimax(a, eps = 1e-14)$loadings, m = 4)
u <- promaxed$rotmat
fits$promax <- list(loadings = promaxed$loadings, Phi = solve(t(u) %*% u))

out <- list(
  generator = paste("GPArotation", packageVersion("GPArotation"), "R", getRversion()),
  unrotated = a,
  fits = lapply(fits, result)
)
write(toJSON(out, digits = 14, auto_unbox = TRUE), "gparotation.json")
