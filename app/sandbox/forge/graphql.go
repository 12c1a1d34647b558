package forge

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

// graphQL answers the few things that REST cannot: what is asked for, and no more. Whatever
// it refuses it answers with 200, as GitHub does.
func graphQL(c *call) (reply, error) {
	var q struct {
		Query     string         `json:"query"`
		Variables map[string]any `json:"variables"`
	}
	if err := c.decode(&q); err != nil {
		return reply{}, err
	}
	doc, err := parser.ParseQuery(&ast.Source{Input: q.Query})
	if err != nil {
		return ok(object{"errors": []object{{"message": err.Error()}}})
	}
	if len(doc.Operations) != 1 || len(doc.Fragments) > 0 {
		return ok(object{"errors": []object{{"message": "This GitHub takes one operation without fragments"}}})
	}
	operation := doc.Operations[0]
	for _, v := range operation.VariableDefinitions {
		if v.Type.NonNull && q.Variables[v.Variable] == nil {
			return ok(object{"errors": []object{{"message": fmt.Sprintf("Variable $%s of type %s was provided invalid value", v.Variable, v.Type)}}})
		}
	}
	root := c.queries()
	if operation.Operation == ast.Mutation {
		root = c.mutations()
	}
	a := &answering{variables: q.Variables}
	data := a.choose(operation.SelectionSet, root, nil)
	body := object{"data": data}
	if a.undefined != nil {
		body = object{"errors": []object{a.undefined}} // it is not begun
	} else if len(a.errors) > 0 {
		body["errors"] = a.errors
	}
	return ok(body)
}

// resolver is a field that takes arguments, or does something.
type resolver func(arguments map[string]any) (any, error)

// required is a resolver whose field is never null: what has it is null instead.
type required resolver

// declined is why a field is null.
type declined struct{ kind, message string }

func (d *declined) Error() string { return d.kind + ": " + d.message }

var errForbidden = &declined{"FORBIDDEN", "Resource not accessible by integration"}

func noNode(id any) error {
	return &declined{"NOT_FOUND", fmt.Sprintf("Could not resolve to a node with the global id of '%v'", id)}
}

// answering picks what an operation selects out of what there is.
type answering struct {
	variables map[string]any
	errors    []object
	undefined object // a field that there is not
}

func (a *answering) choose(set ast.SelectionSet, from object, path []any) object {
	out := object{}
	for _, selection := range set {
		field, isField := selection.(*ast.Field)
		if !isField {
			a.undefined = object{"message": "This GitHub takes no fragments"}
			return nil
		}
		value, known := from[field.Name]
		if !known {
			a.undefined = object{"message": fmt.Sprintf("Field '%s' doesn't exist", field.Name), "path": append(slices.Clone(path), field.Name),
				"extensions": object{"code": "undefinedField", "fieldName": field.Name}}
			return nil
		}
		at := append(slices.Clone(path), field.Alias)
		if must, is := value.(required); is {
			if out[field.Alias] = a.value(field, resolver(must), at); out[field.Alias] == nil {
				return nil
			}
			continue
		}
		out[field.Alias] = a.value(field, value, at)
	}
	return out
}

func (a *answering) value(field *ast.Field, value any, path []any) any {
	switch v := value.(type) {
	case resolver:
		arguments := map[string]any{}
		for _, argument := range field.Arguments {
			given, err := argument.Value.Value(a.variables)
			if err != nil {
				a.undefined = object{"message": err.Error()}
				return nil
			}
			arguments[argument.Name] = given
		}
		got, err := v(arguments)
		var why *declined
		if errors.As(err, &why) {
			a.errors = append(a.errors, object{"type": why.kind, "path": path, "message": why.message})
			return nil
		}
		return a.value(field, got, path)
	case object:
		return a.choose(field.SelectionSet, v, path)
	case []object:
		list := []object{}
		for i, item := range v {
			list = append(list, a.choose(field.SelectionSet, item, append(slices.Clone(path), i)))
		}
		return list
	}
	return value
}

func (c *call) queries() object {
	return object{"repository": resolver(func(arguments map[string]any) (any, error) {
		owner, _ := arguments["owner"].(string)
		name, _ := arguments["name"].(string)
		r := c.Server.repository(owner, name)
		if r == nil || !slices.Contains(c.reach(), r) {
			return nil, &declined{"NOT_FOUND", fmt.Sprintf("Could not resolve to a Repository with the name '%s/%s'.", owner, name)}
		}
		return object{"pullRequest": resolver(func(arguments map[string]any) (any, error) {
			if !c.may("pull_requests:read") {
				return nil, errForbidden
			}
			number := whole(arguments["number"])
			p := r.pull(number)
			if p == nil {
				return nil, &declined{"NOT_FOUND", fmt.Sprintf("Could not resolve to a PullRequest with the number of %d.", number)}
			}
			return object{"reviewThreads": required(func(arguments map[string]any) (any, error) {
				var threads []object
				for _, t := range p.threads() {
					threads = append(threads, c.threadGraph(p, t))
				}
				return connection(threads, arguments)
			})}, nil
		})}, nil
	})}
}

// whole is a number as it stands in a document, or among the variables; 0 where it is none.
func whole(argument any) int {
	switch n := argument.(type) {
	case int64:
		return int(n)
	case float64:
		return int(n)
	}
	return 0
}

// connection is a page of a list, as GraphQL has them.
func connection(all []object, arguments map[string]any) (any, error) {
	first, from := whole(arguments["first"]), 0
	if first < 1 || first > maxPerPage {
		return nil, &declined{"EXCESSIVE_PAGINATION", fmt.Sprintf("Requesting %d records on the connection exceeds the `first` limit of 100 records.", first)}
	}
	if after, given := arguments["after"].(string); given {
		n, err := strconv.Atoi(after)
		if err != nil || n < 0 || n > len(all) {
			return nil, &declined{"INVALID_CURSOR_ARGUMENTS", fmt.Sprintf("`%s` does not appear to be a valid cursor.", after)}
		}
		from = n
	}
	to := min(from+first, len(all))
	return object{"totalCount": len(all), "nodes": all[from:to], "pageInfo": object{"hasNextPage": to < len(all), "endCursor": strconv.Itoa(to)}}, nil
}

// threadGraph is a thread as the installation sees it. To resolve one takes the permission
// to push.
func (c *call) threadGraph(p *Pull, t *reviewThread) object {
	var comments []object
	for _, k := range p.comments {
		if k.thread == t {
			comments = append(comments, c.commentGraph(k))
		}
	}
	pushes := c.may("contents:write") && c.may("pull_requests:write")
	return object{"id": t.node(), "isResolved": t.resolved, "viewerCanResolve": pushes && !t.resolved, "viewerCanUnresolve": pushes && t.resolved,
		"comments": required(func(arguments map[string]any) (any, error) { return connection(comments, arguments) })}
}

func (c *call) commentGraph(k *reviewComment) object {
	return object{"id": k.node(), "fullDatabaseId": strconv.FormatInt(k.id, 10), "isMinimized": k.minimized != "", "minimizedReason": orNil(k.minimized),
		"viewerCanMinimize": k.author == c.app.bot && c.may("pull_requests:write") && !c.quirks.NoHiding}
}

func (c *call) mutations() object {
	resolve := func(to bool) resolver {
		return c.input("threadId", func(id string, _ map[string]any) (any, error) {
			p, t := c.threadOf(id)
			switch {
			case t == nil:
				return nil, noNode(id)
			case !c.may("contents:write") || !c.may("pull_requests:write"):
				return nil, errForbidden
			}
			t.resolved = to
			return object{"thread": c.threadGraph(p, t)}, nil
		})
	}
	minimize := func(field string, to bool) resolver {
		return c.input("subjectId", func(id string, input map[string]any) (any, error) {
			k := c.commentOf(id)
			switch {
			case k == nil:
				return nil, noNode(id)
			case k.author != c.app.bot || !c.may("pull_requests:write") || c.quirks.NoHiding:
				return nil, errForbidden
			}
			k.minimized = ""
			if to {
				classifier, _ := input["classifier"].(string)
				if k.minimized = reasons[classifier]; k.minimized == "" {
					return nil, &declined{"UNPROCESSABLE", "classifier is invalid"}
				}
			}
			return object{field: c.commentGraph(k)}, nil
		})
	}
	return object{
		"resolveReviewThread": resolve(true), "unresolveReviewThread": resolve(false),
		"minimizeComment": minimize("minimizedComment", true), "unminimizeComment": minimize("unminimizedComment", false),
		"addReaction": c.input("subjectId", c.reactToReview),
	}
}

// reasons are those to minimise a comment for, as they are given and as they are told.
var reasons = map[string]string{"ABUSE": "abuse", "DUPLICATE": "duplicate", "OFF_TOPIC": "off-topic", "OUTDATED": "outdated", "RESOLVED": "resolved", "SPAM": "spam"}

// input reads the argument that all mutations take, and the node that it is about.
func (c *call) input(node string, do func(id string, input map[string]any) (any, error)) resolver {
	return func(arguments map[string]any) (any, error) {
		input, _ := arguments["input"].(map[string]any)
		id, _ := input[node].(string)
		got, err := do(id, input)
		if payload, is := got.(object); is {
			payload["clientMutationId"] = input["clientMutationId"]
		}
		return got, err
	}
}

func (c *call) threadOf(id string) (*Pull, *reviewThread) {
	for _, r := range c.reach() {
		for _, p := range r.pulls {
			for _, t := range p.threads() {
				if t.node() == id {
					return p, t
				}
			}
		}
	}
	return nil, nil
}

func (c *call) commentOf(id string) *reviewComment {
	for _, r := range c.reach() {
		for _, p := range r.pulls {
			for _, k := range p.comments {
				if k.node() == id {
					return k
				}
			}
		}
	}
	return nil
}

// reactToReview adds a reaction to a review, which REST cannot.
func (c *call) reactToReview(id string, input map[string]any) (any, error) {
	if !c.may("pull_requests:write") {
		return nil, errForbidden
	}
	for _, r := range c.reach() {
		for _, p := range r.pulls {
			for _, v := range p.reviews {
				if fmt.Sprintf("PRR_%d", v.id) != id {
					continue
				}
				for content, name := range contents {
					if name == input["content"] && !slices.Contains(v.reactions, content) {
						v.reactions = append(v.reactions, content)
					}
				}
				return object{}, nil
			}
		}
	}
	return nil, noNode(id)
}
