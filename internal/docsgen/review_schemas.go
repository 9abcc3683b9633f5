package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/pvesec/terraform-provider-pvesec/internal/provider"
)

// jsonSchemas is the directory of the JSON Schemas among the pages.
const jsonSchemas = "schemas"

// reviewSchemas are the JSON Schemas of all resource types, by the name of the file.
func reviewSchemas(ctx context.Context) (map[string][]byte, error) {
	files := map[string][]byte{}
	used := map[string]bool{}
	for _, construct := range provider.New("docs")().Resources(ctx) {
		one := construct()
		var metadata resource.MetadataResponse
		one.Metadata(ctx, resource.MetadataRequest{ProviderTypeName: providerName}, &metadata)
		var described resource.SchemaResponse
		one.Schema(ctx, resource.SchemaRequest{}, &described)
		if described.Diagnostics.HasError() {
			return nil, fmt.Errorf("the schema of %s: %v", metadata.TypeName, described.Diagnostics)
		}
		text, err := reviewSchema(ctx, metadata.TypeName, described.Schema, used)
		if err != nil {
			return nil, fmt.Errorf("the JSON Schema of %s: %w", metadata.TypeName, err)
		}
		files[metadata.TypeName+".schema.json"] = text
	}
	for path := range vocabularies {
		if !used[path] {
			return nil, fmt.Errorf("%s has a vocabulary and is no attribute", path)
		}
	}
	for _, path := range nullables {
		if !used[path] {
			return nil, fmt.Errorf("%s can be null and is no attribute", path)
		}
	}
	return files, nil
}

// writeReviewSchemas writes the JSON Schemas of all resource types.
func writeReviewSchemas(ctx context.Context, target string) error {
	files, err := reviewSchemas(ctx)
	if err != nil {
		return err
	}
	dir := filepath.Join(target, jsonSchemas)
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("removing old JSON Schemas: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the JSON Schemas: %w", err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return fmt.Errorf("writing the JSON Schemas: %w", err)
		}
	}
	return nil
}

// node is a JSON Schema.
type node = map[string]any

// reviewSchema is the JSON Schema of a resource as plan JSON has it in change.before and change.after. What is not
// known is left out there, so that no attribute is required.
func reviewSchema(ctx context.Context, name string, s schema.Schema, used map[string]bool) ([]byte, error) {
	w := schemaWriter{ctx, used}
	properties := node{}
	if err := w.attributes(properties, name, s.Attributes, false); err != nil {
		return nil, err
	}
	if err := w.blocks(properties, name, s.Blocks); err != nil {
		return nil, err
	}
	root := object(properties)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = "urn:pvesec:schema:1:" + name
	root["title"] = name + " in plan JSON: change.before, change.after, and values of a state"
	root["description"] = s.MarkdownDescription
	root["$comment"] = "A value that is not known yet is left out of change.after and is true in change.after_unknown. The guide \"Review by machine\" says what may change in which release."
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(root); err != nil {
		return nil, fmt.Errorf("encoding it: %w", err)
	}
	return text.Bytes(), nil
}

// schemaWriter turns attributes into JSON Schema, and remembers their paths.
type schemaWriter struct {
	ctx  context.Context
	used map[string]bool
}

func object(properties node) node {
	return node{"type": "object", "properties": properties, "additionalProperties": false}
}

func (w schemaWriter) blocks(into node, at string, blocks map[string]schema.Block) error {
	for name, block := range blocks {
		here := at + "." + name
		w.used[here] = true
		var attributes map[string]schema.Attribute
		var inner map[string]schema.Block
		var wrap func(node) node
		switch block := block.(type) {
		case schema.SingleNestedBlock:
			attributes, inner, wrap = block.Attributes, block.Blocks, orNull
		case schema.ListNestedBlock:
			attributes, inner, wrap = block.NestedObject.Attributes, block.NestedObject.Blocks, list
		case schema.SetNestedBlock:
			attributes, inner, wrap = block.NestedObject.Attributes, block.NestedObject.Blocks, set
		default:
			return fmt.Errorf("%s: a block %T has no JSON form", here, block)
		}
		properties := node{}
		if err := w.attributes(properties, here, attributes, false); err != nil {
			return err
		}
		if err := w.blocks(properties, here, inner); err != nil {
			return err
		}
		into[name] = described(wrap(object(properties)), block.GetMarkdownDescription())
	}
	return nil
}

// attributes adds attributes. Those within a computed one have a value unless they are among nullables.
func (w schemaWriter) attributes(into node, at string, attributes map[string]schema.Attribute, within bool) error {
	for name, attribute := range attributes {
		here := at + "." + name
		w.used[here] = true
		made, err := w.attribute(here, attribute)
		if err != nil {
			return err
		}
		if words := w.vocabulary(here, attribute); len(words) > 0 {
			made["enum"] = words
		}
		null := !attribute.IsRequired()
		if within {
			null = slices.Contains(nullables, here)
		}
		if null {
			made = orNull(made)
		}
		into[name] = described(made, attribute.GetMarkdownDescription())
	}
	return nil
}

func (w schemaWriter) attribute(here string, attribute schema.Attribute) (node, error) {
	var nested map[string]schema.Attribute
	wrap := func(made node) node { return made }
	switch attribute := attribute.(type) {
	case schema.SingleNestedAttribute:
		nested = attribute.Attributes
	case schema.ListNestedAttribute:
		nested, wrap = attribute.NestedObject.Attributes, list
	case schema.SetNestedAttribute:
		nested, wrap = attribute.NestedObject.Attributes, set
	case schema.MapNestedAttribute:
		nested, wrap = attribute.NestedObject.Attributes, mapOf
	default:
		return typeSchema(here, attribute.GetType())
	}
	properties := node{}
	if err := w.attributes(properties, here, nested, attribute.IsComputed()); err != nil {
		return nil, err
	}
	return wrap(object(properties)), nil
}

// typeSchema is the JSON Schema of a value of a type.
func typeSchema(here string, of attr.Type) (node, error) {
	switch of := of.(type) {
	case types.ListType:
		return elements(here, of.ElemType, list)
	case types.SetType:
		return elements(here, of.ElemType, set)
	case types.MapType:
		return elements(here, of.ElemType, mapOf)
	}
	switch of.(type) {
	case basetypes.StringTypable:
		return node{"type": "string"}, nil
	case basetypes.BoolTypable:
		return node{"type": "boolean"}, nil
	case basetypes.Int64Typable:
		return node{"type": "integer"}, nil
	}
	return nil, fmt.Errorf("%s: the type %s has no JSON form", here, of)
}

func elements(here string, of attr.Type, wrap func(node) node) (node, error) {
	made, err := typeSchema(here, of)
	if err != nil {
		return nil, err
	}
	return wrap(made), nil
}

func list(of node) node  { return node{"type": "array", "items": of} }
func set(of node) node   { return node{"type": "array", "items": of, "uniqueItems": true} }
func mapOf(of node) node { return node{"type": "object", "additionalProperties": of} }

// orNull is a schema that null satisfies too.
func orNull(made node) node {
	made["type"] = []any{made["type"], "null"}
	if words, listed := made["enum"].([]any); listed {
		made["enum"] = append(words, nil)
	}
	return made
}

func described(made node, text string) node {
	if text != "" {
		made["description"] = text
	}
	return made
}
