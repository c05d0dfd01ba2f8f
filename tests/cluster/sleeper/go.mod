module restore.test/sleeper

go 1.20
