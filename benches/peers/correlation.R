# Times R's usual packages on table.csv of the folder; prints JSON of CPU seconds. Resampling is scaled from 200.
args <- commandArgs(TRUE); folder <- args[1]; workload <- args[2]
need <- switch(workload, panel = "boot", pair = c("boot", "pcaPP"), permutations = "coin", "pcaPP")
for (package in need) suppressMessages(library(package, character.only = TRUE))
d <- read.csv(file.path(folder, "table.csv"))
cpu <- function(code) { t <- system.time(code); unname(t["user.self"] + t["sys.self"]) }
up <- function(m) m[upper.tri(m)]
b <- 200
three <- function(d, i) { z <- d[i, ]; c(up(cor(z)), up(cor(z, method = "spearman")), up(cor(z, method = "kendall"))) }
fast <- function(d, i) { z <- d[i, ]; c(cor(z[, 1], z[, 2]), cor(z[, 1], z[, 2], method = "spearman"), cor.fk(z[, 1], z[, 2])) }
taken <- switch(workload,
  panel = cpu(boot(d, three, b)) * 10000 / b,
  pair = cpu(boot(d, fast, b)) * 10000 / b,
  permutations = cpu(pvalue(independence_test(c00 ~ c01, data = d, distribution = approximate(nresample = 100000)))),
  matrices = cpu({ cor(d); cor(d, method = "spearman"); cor.fk(d) }),
  kendall = cpu(cor.fk(d)))
cat(sprintf('{"cpu": %f, "numbers": {}}\n', taken))
