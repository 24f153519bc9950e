# Two workers that are spoken to by TCP, for nine steps: psock.R RESULT
library(parallel)
# Where GATES names a folder, the steps 4 and 7 last until there are files of these names in it.
work <- function(i, gates) {
  while (nzchar(gates) && i %in% c(4, 7) && !file.exists(file.path(gates, i))) Sys.sleep(0.1)
  Sys.sleep(0.1)
  sum(rnorm(1e5))
}
cl <- makeCluster(2)
clusterSetRNGStream(cl, 7)
x <- numeric(0)
for (i in 1:9) {
  cat(i, "\n", sep = "")
  x <- c(x, unlist(clusterCall(cl, work, i, Sys.getenv("GATES"))))
}
stopCluster(cl)
writeLines(format(x, digits = 17), commandArgs(TRUE)[1])
