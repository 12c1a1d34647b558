package contract

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Schema is GitHub's GraphQL schema. It is read when it is first needed: it has 1.2 MB.
type Schema struct {
	load func() (*ast.Schema, error)
}

// LoadSchema reads the schema as @octokit/graphql-schema publishes it.
func LoadSchema(path string) *Schema {
	return &Schema{sync.OnceValues(func() (*ast.Schema, error) {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("GitHub's GraphQL schema: %w", err)
		}
		doc, err := parser.ParseSchemas(validator.Prelude, &ast.Source{Name: path, Input: string(data)})
		if err != nil {
			return nil, fmt.Errorf("GitHub's GraphQL schema: %w", err)
		}
		unique(doc)
		schema, err := validator.ValidateSchemaDocument(doc)
		if err != nil {
			return nil, fmt.Errorf("GitHub's GraphQL schema: %w", err)
		}
		return schema, nil
	})}
}

// unique drops what GitHub's schema says twice: a type of it has two fields of one name.
func unique(doc *ast.SchemaDocument) {
	for _, definition := range doc.Definitions {
		seen := map[string]bool{}
		definition.Fields = slices.DeleteFunc(definition.Fields, func(f *ast.FieldDefinition) bool {
			again := seen[f.Name]
			seen[f.Name] = true
			return again
		})
	}
}

// Request judges the body of a request: the document, its variables, and that it uses
// nothing that GitHub is about to remove.
func (s *Schema) Request(body []byte) error {
	_, err := s.request(body)
	return err
}

func (s *Schema) request(body []byte) (*ast.OperationDefinition, error) {
	schema, err := s.load()
	if err != nil {
		return nil, err
	}
	var q struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := json.Unmarshal(body, &q); err != nil {
		return nil, err
	}
	doc, problems := gqlparser.LoadQueryWithRules(schema, q.Query, rules.NewDefaultRules())
	if len(problems) > 0 {
		return nil, problems
	}
	if len(doc.Operations) != 1 {
		return nil, fmt.Errorf("%d operations in one document", len(doc.Operations))
	}
	operation := doc.Operations[0]
	for name := range q.Variables {
		if operation.VariableDefinitions.ForName(name) == nil {
			return nil, fmt.Errorf("the document has no variable $%s", name)
		}
	}
	if _, err := validator.VariableValues(schema, operation, q.Variables); err != nil {
		return nil, err
	}
	return operation, deprecated(operation.SelectionSet)
}

func deprecated(set ast.SelectionSet) error {
	for _, selection := range set {
		field, is := selection.(*ast.Field)
		if !is {
			return errors.New("fragments are not judged")
		}
		if field.Definition.Directives.ForName("deprecated") != nil {
			return fmt.Errorf("%s of %s is deprecated", field.Name, field.ObjectDefinition.Name)
		}
		if err := deprecated(field.SelectionSet); err != nil {
			return err
		}
	}
	return nil
}

// exchange judges a request and the answer to it. A request that is wrong on purpose has
// an answer without data.
func (s *Schema) exchange(request, answer []byte) error {
	schema, err := s.load()
	if err != nil {
		return err
	}
	operation, err := s.request(request)
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	var a struct {
		Data   *map[string]any `json:"data"`
		Errors []struct {
			Message string `json:"message"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	for _, e := range a.Errors {
		if e.Message == "" {
			return errors.New("answer: an error without a message")
		}
	}
	switch {
	case a.Data == nil && len(a.Errors) == 0:
		return errors.New("answer: neither data nor errors")
	case a.Data == nil:
		return nil
	}
	if err := selected(schema, operation.SelectionSet, *a.Data); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

// selected judges that an object has the fields that were asked for, and no others.
func selected(schema *ast.Schema, set ast.SelectionSet, object map[string]any) error {
	asked := map[string]bool{}
	for _, selection := range set {
		field := selection.(*ast.Field) // as deprecated has seen
		asked[field.Alias] = true
		value, there := object[field.Alias]
		if !there {
			return fmt.Errorf("%s is missing", field.Alias)
		}
		if err := typed(schema, field, field.Definition.Type, value); err != nil {
			return fmt.Errorf("%s: %w", field.Alias, err)
		}
	}
	for name := range object {
		if !asked[name] {
			return fmt.Errorf("nobody asked for %s", name)
		}
	}
	return nil
}

func typed(schema *ast.Schema, field *ast.Field, want *ast.Type, value any) error {
	wrong := fmt.Errorf("%v is not of type %s", value, want)
	if value == nil {
		if want.NonNull {
			return wrong
		}
		return nil
	}
	if want.Elem != nil {
		list, is := value.([]any)
		if !is {
			return wrong
		}
		for _, item := range list {
			if err := typed(schema, field, want.Elem, item); err != nil {
				return err
			}
		}
		return nil
	}
	fits := true
	definition := schema.Types[want.NamedType]
	switch {
	case definition.IsCompositeType():
		object, is := value.(map[string]any)
		if !is {
			return wrong
		}
		return selected(schema, field.SelectionSet, object)
	case definition.Kind == ast.Enum:
		name, is := value.(string)
		fits = is && slices.ContainsFunc(definition.EnumValues, func(v *ast.EnumValueDefinition) bool { return v.Name == name })
	case want.NamedType == "Int":
		n, is := value.(float64)
		fits = is && n == math.Trunc(n) && math.Abs(n) <= math.MaxInt32
	case want.NamedType == "Boolean":
		_, fits = value.(bool)
	case want.NamedType == "String", want.NamedType == "ID", want.NamedType == "BigInt":
		_, fits = value.(string)
	}
	if !fits {
		return wrong
	}
	return nil
}
