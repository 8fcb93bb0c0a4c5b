# Geomin from random starts by R's GPArotation, timed inside R. Usage: Rscript geomin.R LOADINGS.csv STARTS EPS SEED
suppressMessages(library(GPArotation))
arguments <- commandArgs(TRUE)
a <- as.matrix(read.csv(arguments[1], header = FALSE))
dimnames(a) <- NULL
starts <- as.integer(arguments[2])
eps <- as.numeric(arguments[3])
set.seed(as.integer(arguments[4]))
k <- ncol(a)
seconds <- system.time({
  best <- Inf
  for (i in seq_len(starts)) {
    fit <- suppressWarnings(geominQ(a, Tmat = if (i == 1) diag(k) else Random.Start(k), eps = eps, maxit = 2000))
    best <- min(best, fit$Table[nrow(fit$Table), 2])
  }
})[["elapsed"]]
cat(sprintf('{"seconds": %.6f, "criterion": %.12g, "version": "%s"}\n', seconds, best, packageVersion("GPArotation")))
