package main

import (
	"fmt"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
)

func blockJSON(block *tfprotov6.SchemaBlock) (*tfjson.SchemaBlock, error) {
	attributes, err := attributesJSON(block.Attributes)
	if err != nil {
		return nil, err
	}
	nested := make(map[string]*tfjson.SchemaBlockType, len(block.BlockTypes))
	for _, blockType := range block.BlockTypes {
		mode, ok := blockNesting[blockType.Nesting]
		if !ok {
			return nil, fmt.Errorf("%s: block nesting mode %d has no JSON form", blockType.TypeName, blockType.Nesting)
		}
		inner, err := blockJSON(blockType.Block)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", blockType.TypeName, err)
		}
		nested[blockType.TypeName] = &tfjson.SchemaBlockType{
			NestingMode: mode,
			Block:       inner,
			MinItems:    unsigned(blockType.MinItems),
			MaxItems:    unsigned(blockType.MaxItems),
		}
	}
	return &tfjson.SchemaBlock{
		Attributes:      attributes,
		NestedBlocks:    nested,
		Description:     block.Description,
		DescriptionKind: descriptionKind(block.DescriptionKind),
		Deprecated:      block.Deprecated,
	}, nil
}

func attributesJSON(attributes []*tfprotov6.SchemaAttribute) (map[string]*tfjson.SchemaAttribute, error) {
	converted := make(map[string]*tfjson.SchemaAttribute, len(attributes))
	for _, attribute := range attributes {
		result := &tfjson.SchemaAttribute{
			Description:     attribute.Description,
			DescriptionKind: descriptionKind(attribute.DescriptionKind),
			Deprecated:      attribute.Deprecated,
			Required:        attribute.Required,
			Optional:        attribute.Optional,
			Computed:        attribute.Computed,
			Sensitive:       attribute.Sensitive,
			WriteOnly:       attribute.WriteOnly,
		}
		var err error
		if attribute.NestedType != nil {
			result.AttributeNestedType, err = nestedJSON(attribute.NestedType)
		} else {
			result.AttributeType, err = typeJSON(attribute.Type)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", attribute.Name, err)
		}
		converted[attribute.Name] = result
	}
	return converted, nil
}

func nestedJSON(object *tfprotov6.SchemaObject) (*tfjson.SchemaNestedAttributeType, error) {
	mode, ok := objectNesting[object.Nesting]
	if !ok {
		return nil, fmt.Errorf("object nesting mode %d has no JSON form", object.Nesting)
	}
	attributes, err := attributesJSON(object.Attributes)
	if err != nil {
		return nil, err
	}
	return &tfjson.SchemaNestedAttributeType{Attributes: attributes, NestingMode: mode}, nil
}

// typeJSON converts a type from the protocol's notation to the one of Terraform's JSON output.
func typeJSON(from tftypes.Type) (cty.Type, error) {
	switch from := from.(type) {
	case tftypes.List:
		return elementJSON(from.ElementType, cty.List)
	case tftypes.Set:
		return elementJSON(from.ElementType, cty.Set)
	case tftypes.Map:
		return elementJSON(from.ElementType, cty.Map)
	case tftypes.Tuple:
		elements := make([]cty.Type, 0, len(from.ElementTypes))
		for _, element := range from.ElementTypes {
			converted, err := typeJSON(element)
			if err != nil {
				return cty.NilType, err
			}
			elements = append(elements, converted)
		}
		return cty.Tuple(elements), nil
	case tftypes.Object:
		attributes := make(map[string]cty.Type, len(from.AttributeTypes))
		for name, attribute := range from.AttributeTypes {
			converted, err := typeJSON(attribute)
			if err != nil {
				return cty.NilType, fmt.Errorf("%s: %w", name, err)
			}
			attributes[name] = converted
		}
		return cty.Object(attributes), nil
	}
	switch {
	case tftypes.String.Is(from):
		return cty.String, nil
	case tftypes.Number.Is(from):
		return cty.Number, nil
	case tftypes.Bool.Is(from):
		return cty.Bool, nil
	case tftypes.DynamicPseudoType.Is(from):
		return cty.DynamicPseudoType, nil
	}
	return cty.NilType, fmt.Errorf("type %v has no JSON form", from)
}

func elementJSON(element tftypes.Type, collection func(cty.Type) cty.Type) (cty.Type, error) {
	converted, err := typeJSON(element)
	if err != nil {
		return cty.NilType, err
	}
	return collection(converted), nil
}

func descriptionKind(kind tfprotov6.StringKind) tfjson.SchemaDescriptionKind {
	if kind == tfprotov6.StringKindMarkdown {
		return tfjson.SchemaDescriptionKindMarkdown
	}
	return tfjson.SchemaDescriptionKindPlain
}

var blockNesting = map[tfprotov6.SchemaNestedBlockNestingMode]tfjson.SchemaNestingMode{
	tfprotov6.SchemaNestedBlockNestingModeSingle: tfjson.SchemaNestingModeSingle,
	tfprotov6.SchemaNestedBlockNestingModeGroup:  tfjson.SchemaNestingModeGroup,
	tfprotov6.SchemaNestedBlockNestingModeList:   tfjson.SchemaNestingModeList,
	tfprotov6.SchemaNestedBlockNestingModeSet:    tfjson.SchemaNestingModeSet,
	tfprotov6.SchemaNestedBlockNestingModeMap:    tfjson.SchemaNestingModeMap,
}

var objectNesting = map[tfprotov6.SchemaObjectNestingMode]tfjson.SchemaNestingMode{
	tfprotov6.SchemaObjectNestingModeSingle: tfjson.SchemaNestingModeSingle,
	tfprotov6.SchemaObjectNestingModeList:   tfjson.SchemaNestingModeList,
	tfprotov6.SchemaObjectNestingModeSet:    tfjson.SchemaNestingModeSet,
	tfprotov6.SchemaObjectNestingModeMap:    tfjson.SchemaNestingModeMap,
}
