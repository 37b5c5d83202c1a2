# Times R's usual packages on the tables in the folder named; prints JSON of CPU seconds.
suppressMessages({library(boot); library(coin); library(pcaPP)})
folder <- commandArgs(TRUE)[1]
small <- read.csv(file.path(folder, "small.csv")); large <- read.csv(file.path(folder, "large.csv"))
cpu <- function(code) { t <- system.time(code); unname(t["user.self"] + t["sys.self"]) }
up <- function(m) m[upper.tri(m)]
b <- 200
three <- function(d, i) { z <- d[i, ]; c(up(cor(z)), up(cor(z, method = "spearman")), up(cor(z, method = "kendall"))) }
panel <- cpu(boot(small, three, b)) * 10000 / b
pair3 <- function(d, i) { z <- d[i, ]; c(cor(z[, 1], z[, 2]), cor(z[, 1], z[, 2], method = "spearman"), cor.fk(z[, 1], z[, 2])) }
pair <- cpu(boot(large[, 1:2], pair3, b)) * 10000 / b
perm <- cpu(pvalue(independence_test(c00 ~ c01, data = large, distribution = approximate(nresample = 100000))))
kendall <- cpu(cor.fk(large))
mats <- cpu({cor(large); cor(large, method = "spearman")}) + kendall
cat(sprintf('{"panel": %f, "pair": %f, "permutations": %f, "matrices": %f, "kendall": %f}\n', panel, pair, perm, mats, kendall))
