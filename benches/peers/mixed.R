# Times lme4::lmer on table.csv of the folder; prints JSON of CPU seconds and standard deviations.
args <- commandArgs(TRUE); folder <- args[1]; workload <- args[2]
suppressMessages(library(lme4))
d <- read.csv(file.path(folder, "table.csv"), stringsAsFactors = TRUE)
one <- grepl("one", workload)
f <- if (one) score ~ need + age + (1 | area) else score ~ need + age + sex + (1 | authority) + (1 | area) + (1 | court_year)
t <- system.time(m <- lmer(f, d, control = lmerControl(calc.derivs = FALSE)))
sds <- sapply(VarCorr(m), function(v) sqrt(v[1, 1]))
numbers <- c(sprintf('"%s": %.12g', names(sds), sds), sprintf('"residual": %.12g', sigma(m)), sprintf('"need": %.12g', fixef(m)["need"]))
cat(sprintf('{"cpu": %f, "numbers": {%s}}\n', unname(t["user.self"] + t["sys.self"]), paste(numbers, collapse = ", ")))
