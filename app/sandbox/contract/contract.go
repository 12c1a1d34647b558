// Package contract holds every exchange with GitHub, and every webhook, against
// GitHub's own OpenAPI description and its GraphQL schema. It is imported by tests
// alone: neither the App nor the demo carries it.
//
// The description is not part of this repository. Its slice is cut from the npm
// package @octokit/openapi by .ci/openapi/slice.mjs; ForTest finds it.
package contract

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
)

// prefix is where GitHub Enterprise Server, and the sandbox, keep the API.
const prefix = "/api/v3"

// Validator knows the operations and webhooks of one slice. It is safe for
// concurrent use.
type Validator struct {
	router routers.Router
	hooks  map[string]*openapi3.Schema
	fault  *openapi3.Schema // the shape of an error that the operation does not describe

	graphQL *Schema // nil: what is asked in GraphQL is not judged
}

// Load reads a slice as .ci/openapi/slice.mjs writes it.
func Load(path string) (*Validator, error) {
	loader := openapi3.NewLoader()
	doc, err := loader.LoadFromFile(path)
	if err != nil {
		return nil, fmt.Errorf("GitHub's description %s: %w", path, err)
	}
	doc.Servers = openapi3.Servers{{URL: "/"}}
	amend(doc)
	doc.Paths, err = joinSegments(doc.Paths)
	if err != nil {
		return nil, fmt.Errorf("GitHub's description %s: %w", path, err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		return nil, fmt.Errorf("GitHub's description %s: %w", path, err)
	}
	hooks, err := webhooks(loader, doc)
	if err != nil {
		return nil, fmt.Errorf("GitHub's description %s: %w", path, err)
	}
	fault := doc.Components.Schemas["basic-error"]
	if fault == nil {
		return nil, fmt.Errorf("GitHub's description %s has no schema basic-error", path)
	}
	return &Validator{router: router, hooks: hooks, fault: fault.Value}, nil
}

// amend mends the places where GitHub's description is known not to be what
// GitHub sends.
func amend(doc *openapi3.T) {
	// A pull request's head.repo is null once the fork is gone.
	for _, name := range []string{"pull-request", "pull-request-simple"} {
		repo := property(doc.Components.Schemas[name], "head", "repo")
		if repo != nil {
			nullable := *repo.Value
			nullable.Nullable = true
			property(doc.Components.Schemas[name], "head").Value.Properties["repo"] = &openapi3.SchemaRef{Value: &nullable}
		}
	}
	// The list of installations demands an account that is a user and an enterprise
	// at once; one installation alone has it right.
	if item := doc.Paths.Value("/app/installations"); item != nil && item.Get != nil {
		if answer := item.Get.Responses.Status(http.StatusOK); answer != nil && answer.Value != nil {
			if media := answer.Value.Content.Get("application/json"); media != nil && media.Schema.Value.Items != nil {
				if account := property(media.Schema.Value.Items, "account"); account != nil && len(account.Value.AllOf) > 0 {
					account.Value.AnyOf, account.Value.AllOf = account.Value.AllOf, nil
				}
			}
		}
	}
}

// property walks down to a property's schema, nil if there is none.
func property(schema *openapi3.SchemaRef, names ...string) *openapi3.SchemaRef {
	for _, name := range names {
		if schema == nil || schema.Value == nil {
			return nil
		}
		schema = schema.Value.Properties[name]
	}
	if schema == nil || schema.Value == nil {
		return nil
	}
	return schema
}

// joinSegments lets the parameters that GitHub marks x-multi-segment span slashes
// where they end a template (contents/{path}), which no router does by itself.
func joinSegments(paths *openapi3.Paths) (*openapi3.Paths, error) {
	joined := openapi3.NewPaths()
	for template, item := range paths.Map() {
		name := template
		if i := strings.LastIndexByte(template, '{'); i > 0 && strings.HasSuffix(template, "}") && !continued(paths, template) {
			parameter := template[i+1 : len(template)-1]
			multi, err := multiSegment(item, parameter)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", template, err)
			}
			if multi {
				name = template[:i] + "{" + parameter + ":.+}"
			}
		}
		joined.Set(name, item)
	}
	return joined, nil
}

// continued says whether another template goes on where this one ends.
func continued(paths *openapi3.Paths, template string) bool {
	for other := range paths.Map() {
		if strings.HasPrefix(other, template+"/") {
			return true
		}
	}
	return false
}

func multiSegment(item *openapi3.PathItem, name string) (bool, error) {
	lists := []openapi3.Parameters{item.Parameters}
	for _, operation := range item.Operations() {
		lists = append(lists, operation.Parameters)
	}
	for _, list := range lists {
		if p := list.GetByInAndName(openapi3.ParameterInPath, name); p != nil {
			multi, _ := p.Extensions["x-multi-segment"].(bool)
			return multi, nil
		}
	}
	return false, fmt.Errorf("parameter %q is not described", name)
}

// webhooks resolves the schemas below x-webhooks, which OpenAPI 3.0 does not know.
func webhooks(loader *openapi3.Loader, doc *openapi3.T) (map[string]*openapi3.Schema, error) {
	raw, err := json.Marshal(doc.Extensions["x-webhooks"])
	if err != nil {
		return nil, fmt.Errorf("x-webhooks: %w", err)
	}
	var items map[string]*openapi3.PathItem
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, fmt.Errorf("x-webhooks: %w", err)
	}
	paths := openapi3.NewPaths()
	for name, item := range items {
		paths.Set("/"+name, item)
	}
	if err := loader.ResolveRefsIn(&openapi3.T{OpenAPI: doc.OpenAPI, Info: doc.Info, Components: doc.Components, Paths: paths}, nil); err != nil {
		return nil, fmt.Errorf("x-webhooks: %w", err)
	}
	schemas := map[string]*openapi3.Schema{}
	for name, item := range items {
		if item.Post == nil || item.Post.RequestBody == nil {
			return nil, fmt.Errorf("x-webhooks: %s has no body", name)
		}
		media := item.Post.RequestBody.Value.Content.Get("application/json")
		if media == nil || media.Schema == nil {
			return nil, fmt.Errorf("x-webhooks: %s has no JSON body", name)
		}
		schemas[name] = media.Schema.Value
	}
	return schemas, nil
}

// Webhook validates a delivery's payload. The event is named as in the header
// X-GitHub-Event ("pull_request"); the action is taken from the payload.
func (v *Validator) Webhook(event string, payload []byte) error {
	var value any
	if err := json.Unmarshal(payload, &value); err != nil {
		return fmt.Errorf("webhook %s: %w", event, err)
	}
	name := event
	if fields, ok := value.(map[string]any); ok {
		if action, ok := fields["action"].(string); ok {
			name += "_" + action
		}
	}
	name = strings.ReplaceAll(name, "_", "-")
	schema := v.hooks[name]
	if schema == nil {
		return fmt.Errorf("webhook %s: GitHub's description, as far as it was cut out, has none of that name", name)
	}
	if err := schema.VisitJSON(value, openapi3.MultiErrors()); err != nil {
		return fmt.Errorf("webhook %s: %w", name, brief(err))
	}
	return nil
}

// Transport sends requests through next and reports each request and each
// response that GitHub's description does not allow, a route that it does not
// have included. It changes neither. An exchange that fails on the way, or a body
// that breaks off, is not GitHub's word and is not judged.
func (v *Validator) Transport(next http.RoundTripper, report func(error)) http.RoundTripper {
	if next == nil {
		next = http.DefaultTransport
	}
	return transport{v, next, report}
}

type transport struct {
	validator *Validator
	next      http.RoundTripper
	report    func(error)
}

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	graphQL := strings.HasSuffix(req.URL.Path, "/graphql")     // which the description does not have
	signIn := strings.HasPrefix(req.URL.Path, "/login/oauth/") // neither
	if graphQL && t.validator.graphQL == nil || signIn {
		return t.next.RoundTrip(req)
	}
	var body []byte
	if req.Body != nil {
		var err error
		body, err = io.ReadAll(req.Body)
		req.Body.Close()
		if err != nil {
			return nil, err
		}
		sent := req.Clone(req.Context())
		sent.Body = io.NopCloser(bytes.NewReader(body))
		req = sent
	}
	if graphQL {
		return t.graphQL(req, body)
	}
	input, err := t.validator.request(req, body)
	if err != nil {
		t.report(fmt.Errorf("request %s %s: %w", req.Method, req.URL.Path, brief(err)))
	}
	resp, err := t.next.RoundTrip(req)
	if err != nil || input == nil {
		return resp, err
	}
	answer, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(answer), broken{err}))
		return resp, nil //nolint:nilerr // whoever reads the body is told, as on the wire
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	if err := t.validator.response(input, resp, answer); err != nil {
		t.report(fmt.Errorf("response %d to %s %s: %w", resp.StatusCode, req.Method, req.URL.Path, brief(err)))
	}
	return resp, nil
}

// graphQL judges an exchange in GraphQL, where it was answered as such.
func (t transport) graphQL(req *http.Request, body []byte) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	answer, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(answer), broken{err}))
		return resp, nil //nolint:nilerr // whoever reads the body is told, as on the wire
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	if err := t.validator.graphQL.exchange(body, answer); err != nil {
		t.report(fmt.Errorf("GraphQL: %w", err))
	}
	return resp, nil
}

// broken is a body that ends in an error.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// request validates a request. The input is nil when there is no such route.
func (v *Validator) request(req *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	judged := req.Clone(req.Context())
	judged.URL = &url.URL{
		Path:     strings.TrimPrefix(req.URL.Path, prefix),
		RawPath:  strings.TrimPrefix(req.URL.RawPath, prefix),
		RawQuery: req.URL.RawQuery,
	}
	judged.Host = ""
	judged.Body = io.NopCloser(bytes.NewReader(body))
	judged.ContentLength = int64(len(body))
	route, params, err := v.router.FindRoute(judged)
	if err != nil {
		return nil, fmt.Errorf("no such route in GitHub's description: %w", err)
	}
	input := &openapi3filter.RequestValidationInput{
		Request:    judged,
		PathParams: params,
		Route:      route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc,
			MultiError:         true,
			// ghinstallation asks for a token with the body "null", which GitHub takes.
			ExcludeRequestBody: strings.HasSuffix(route.Path, "/access_tokens") && string(bytes.TrimSpace(body)) == "null",
		},
	}
	err = openapi3filter.ValidateRequest(req.Context(), input)
	return input, errors.Join(err, unknownQuery(route, judged.URL.Query()))
}

// unknownQuery names query parameters that the operation does not have: GitHub
// ignores them silently, so a misspelt filter would filter nothing.
func unknownQuery(route *routers.Route, query url.Values) error {
	for name := range query {
		if route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil &&
			route.PathItem.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("GitHub has no query parameter %q there", name)
		}
	}
	return nil
}

func (v *Validator) response(input *openapi3filter.RequestValidationInput, resp *http.Response, body []byte) error {
	if strings.Contains(resp.Header.Get("Content-Type"), "github.raw") {
		return nil // a file as it is: GitHub describes the JSON form only
	}
	if resp.StatusCode == http.StatusNotModified {
		return notModified(input.Request, body)
	}
	if input.Route.Operation.Responses.Status(resp.StatusCode) == nil {
		return v.undescribed(resp, body)
	}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input,
		Status:                 resp.StatusCode,
		Header:                 resp.Header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                &openapi3filter.Options{MultiError: true},
	})
}

// notModified judges the answer to a conditional request, which any GET may be.
func notModified(req *http.Request, body []byte) error {
	if req.Method != http.MethodGet || req.Header.Get("If-None-Match") == "" || len(body) > 0 {
		return errors.New("304 is the answer without a body to a GET with If-None-Match")
	}
	return nil
}

// undescribed judges the statuses that GitHub sends on any route without listing
// them: errors in JSON have one shape, the proxies before GitHub answer what they
// like, and a success must be listed.
func (v *Validator) undescribed(resp *http.Response, body []byte) error {
	switch {
	case resp.StatusCode < 400:
		return errors.New("GitHub's description does not list this status")
	case resp.StatusCode >= 500:
		return nil
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("an error that is not JSON: %w", err)
	}
	return v.fault.VisitJSON(value)
}

// brief shortens the library's errors, which quote whole schemas.
func brief(err error) error {
	const enough = 2000
	var lines []string
	for _, line := range strings.Split(err.Error(), "\n") {
		quoted := strings.HasPrefix(line, " ") || line == "{" || line == "}" || line == "Schema:" || line == "Value:" || line == ""
		if !quoted {
			lines = append(lines, line)
		}
	}
	text := strings.Join(lines, "; ")
	if len(text) > enough {
		text = text[:enough] + "…"
	}
	return errors.New(text)
}
