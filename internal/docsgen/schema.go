package main

import (
	"context"
	"errors"
	"fmt"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// formatVersion is the version of Terraform's JSON format that exportSchemas writes.
const formatVersion = "1.0"

// exportSchemas asks a provider for all its schemas and returns them in the form of `terraform providers schema -json`,
// under the provider's short name.
func exportSchemas(ctx context.Context, server tfprotov6.ProviderServer, name string) (*tfjson.ProviderSchemas, error) {
	response, err := server.GetProviderSchema(ctx, &tfprotov6.GetProviderSchemaRequest{})
	if err != nil {
		return nil, fmt.Errorf("asking the provider for its schema: %w", err)
	}
	if err := firstError(response.Diagnostics); err != nil {
		return nil, fmt.Errorf("the provider's schema: %w", err)
	}
	identities, err := server.GetResourceIdentitySchemas(ctx, &tfprotov6.GetResourceIdentitySchemasRequest{})
	if err != nil {
		return nil, fmt.Errorf("asking the provider for its identity schemas: %w", err)
	}
	if err := firstError(identities.Diagnostics); err != nil {
		return nil, fmt.Errorf("the provider's identity schemas: %w", err)
	}

	schema := &tfjson.ProviderSchema{}
	conversions := []error{
		convertInto(&schema.ConfigSchema, response.Provider, schemaJSON),
		convertMap(&schema.ResourceSchemas, response.ResourceSchemas, schemaJSON),
		convertMap(&schema.DataSourceSchemas, response.DataSourceSchemas, schemaJSON),
		convertMap(&schema.EphemeralResourceSchemas, response.EphemeralResourceSchemas, schemaJSON),
		convertMap(&schema.ListResourceSchemas, response.ListResourceSchemas, schemaJSON),
		convertMap(&schema.ActionSchemas, response.ActionSchemas, actionJSON),
		convertMap(&schema.Functions, response.Functions, functionJSON),
		convertMap(&schema.ResourceIdentitySchemas, identities.IdentitySchemas, identityJSON),
	}
	if err := errors.Join(conversions...); err != nil {
		return nil, err
	}
	return &tfjson.ProviderSchemas{
		FormatVersion: formatVersion,
		Schemas:       map[string]*tfjson.ProviderSchema{name: schema},
	}, nil
}

// firstError returns the first error among diagnostics as an error.
func firstError(diagnostics []*tfprotov6.Diagnostic) error {
	for _, diagnostic := range diagnostics {
		if diagnostic.Severity == tfprotov6.DiagnosticSeverityError {
			return fmt.Errorf("%s: %s", diagnostic.Summary, diagnostic.Detail)
		}
	}
	return nil
}

func convertInto[From, To any](target **To, from *From, convert func(*From) (*To, error)) error {
	to, err := convert(from)
	*target = to
	return err
}

func convertMap[From, To any](target *map[string]*To, from map[string]*From, convert func(*From) (*To, error)) error {
	if len(from) == 0 {
		return nil
	}
	*target = make(map[string]*To, len(from))
	for name, value := range from {
		to, err := convert(value)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		(*target)[name] = to
	}
	return nil
}

func schemaJSON(schema *tfprotov6.Schema) (*tfjson.Schema, error) {
	if schema == nil {
		return &tfjson.Schema{Block: &tfjson.SchemaBlock{}}, nil
	}
	block, err := blockJSON(schema.Block)
	if err != nil {
		return nil, err
	}
	return &tfjson.Schema{Version: unsigned(schema.Version), Block: block}, nil
}

func actionJSON(action *tfprotov6.ActionSchema) (*tfjson.ActionSchema, error) {
	schema, err := schemaJSON(action.Schema)
	if err != nil {
		return nil, err
	}
	return &tfjson.ActionSchema{Block: schema.Block}, nil
}

func identityJSON(identity *tfprotov6.ResourceIdentitySchema) (*tfjson.IdentitySchema, error) {
	attributes := make(map[string]*tfjson.IdentityAttribute, len(identity.IdentityAttributes))
	for _, attribute := range identity.IdentityAttributes {
		identityType, err := typeJSON(attribute.Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", attribute.Name, err)
		}
		attributes[attribute.Name] = &tfjson.IdentityAttribute{
			IdentityType:      identityType,
			Description:       attribute.Description,
			RequiredForImport: attribute.RequiredForImport,
			OptionalForImport: attribute.OptionalForImport,
		}
	}
	return &tfjson.IdentitySchema{Version: unsigned(identity.Version), Attributes: attributes}, nil
}

func functionJSON(function *tfprotov6.Function) (*tfjson.FunctionSignature, error) {
	returns, err := typeJSON(function.Return.Type)
	if err != nil {
		return nil, fmt.Errorf("return type: %w", err)
	}
	signature := &tfjson.FunctionSignature{
		Description:        function.Description,
		Summary:            function.Summary,
		DeprecationMessage: function.DeprecationMessage,
		ReturnType:         returns,
	}
	for _, parameter := range function.Parameters {
		converted, err := parameterJSON(parameter)
		if err != nil {
			return nil, err
		}
		signature.Parameters = append(signature.Parameters, converted)
	}
	if function.VariadicParameter != nil {
		if signature.VariadicParameter, err = parameterJSON(function.VariadicParameter); err != nil {
			return nil, err
		}
	}
	return signature, nil
}

func parameterJSON(parameter *tfprotov6.FunctionParameter) (*tfjson.FunctionParameter, error) {
	parameterType, err := typeJSON(parameter.Type)
	if err != nil {
		return nil, fmt.Errorf("parameter %s: %w", parameter.Name, err)
	}
	return &tfjson.FunctionParameter{
		Name:        parameter.Name,
		Description: parameter.Description,
		IsNullable:  parameter.AllowNullValue,
		Type:        parameterType,
	}, nil
}

// unsigned converts a count or version. The protocol has signed ones, of which negative ones mean nothing.
func unsigned(n int64) uint64 {
	return uint64(max(n, 0))
}
