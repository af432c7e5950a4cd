module github.com/posternhq/postern/sdk/go

go 1.24.0
