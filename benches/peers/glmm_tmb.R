# Times glmmTMB and lme4 on table.csv of the folder; prints JSON of CPU seconds and numbers.
args <- commandArgs(TRUE); folder <- args[1]
suppressMessages(library(glmmTMB))
d <- read.csv(file.path(folder, "table.csv"))
for (g in intersect(c("area", "authority", "court_year"), names(d))) d[[g]] <- factor(d[[g]])
f <- cbind(care, children - care) ~ score + (1 | area) + (1 | authority)
if ("court_year" %in% names(d)) f <- update(f, . ~ . + (1 | court_year))
t <- system.time(m <- glmmTMB(f, d, family = binomial))
b <- fixef(m)$cond
v <- VarCorr(m)$cond
sd <- sapply(v, function(x) sqrt(x[1, 1]))
numbers <- c(setNames(b, c("(intercept)", "score")), setNames(sd, paste("sd", names(sd))))
cat(sprintf('{"cpu": %f, "numbers": {%s}}\n', unname(t["user.self"] + t["sys.self"]),
  paste(sprintf('"%s": %.12g', names(numbers), numbers), collapse = ", ")))
