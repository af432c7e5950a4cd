module example.com/signup

go 1.24.0

require github.com/posternhq/postern/sdk/go v0.0.0

replace github.com/posternhq/postern/sdk/go => ../../sdk/go
