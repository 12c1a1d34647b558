package forge

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

// checkJWT applies GitHub's rules: RS256 by the App's key, iss the App, at most
// ten minutes from now.
func (c *call) checkJWT() error {
	raw, found := strings.CutPrefix(c.r.Header.Get("Authorization"), "Bearer ")
	if !found {
		return &fail{status: http.StatusUnauthorized, message: "A JSON web token could not be decoded"}
	}
	claims := jwt.MapClaims{}
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
	if _, err := parser.ParseWithClaims(raw, claims, func(*jwt.Token) (any, error) { return &c.app.key.PublicKey, nil }); err != nil {
		return &fail{status: http.StatusUnauthorized, message: "A JSON web token could not be decoded"}
	}
	number := func(name string) (time.Time, bool) {
		v, ok := claims[name].(float64)
		return time.Unix(int64(v), 0), ok
	}
	now := c.now()
	issuer := claims["iss"]
	expires, hasExpiry := number("exp")
	issued, hasIssue := number("iat")
	switch {
	case issuer != strconv.FormatInt(c.app.id, 10) && issuer != float64(c.app.id):
		return &fail{status: http.StatusUnauthorized, message: "Integration not found"}
	case !hasExpiry || !expires.After(now):
		return &fail{status: http.StatusUnauthorized, message: "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"}
	case expires.After(now.Add(maxJWTLifetime)):
		return &fail{status: http.StatusUnauthorized, message: "'Expiration time' claim ('exp') is too far in the future"}
	case !hasIssue || issued.After(now.Add(clockSkew)):
		return &fail{status: http.StatusUnauthorized, message: "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued"}
	}
	return nil
}

// checkToken finds the installation of the token that is shown.
func (c *call) checkToken() error {
	raw := c.r.Header.Get("Authorization")
	name, found := strings.CutPrefix(raw, "token ")
	if !found {
		name, found = strings.CutPrefix(raw, "Bearer ")
	}
	if !found {
		return &fail{status: http.StatusUnauthorized, message: "Requires authentication"}
	}
	for _, in := range c.installations {
		t := in.tokens[name]
		if t == nil {
			continue
		}
		if !t.expires.After(c.now()) {
			return errCredentials
		}
		if !in.suspended.IsZero() {
			return &fail{status: http.StatusForbidden, message: "This installation has been suspended"}
		}
		c.installation, c.token = in, t
		return nil
	}
	return errCredentials
}

func getApp(c *call) (reply, error) {
	o := c.appJSON(&c.app)
	o["installations_count"] = len(c.installations)
	return ok(o)
}

func listInstallations(c *call) (reply, error) {
	list, header := page(c, c.installations)
	return reply{status: http.StatusOK, body: shapes(list, c.installationJSON), header: header}, nil
}

func (c *call) installationAsked() (*Installation, error) {
	id := c.number("id")
	for _, in := range c.installations {
		if in.ID == id {
			return in, nil
		}
	}
	return nil, errMissing
}

func getInstallation(c *call) (reply, error) {
	in, err := c.installationAsked()
	if err != nil {
		return reply{}, err
	}
	return ok(c.installationJSON(in))
}

func getRepositoryInstallation(c *call) (reply, error) {
	if r := c.repository(c.r.PathValue("owner"), c.r.PathValue("repo")); r != nil {
		if in := c.installationOf(r); in != nil {
			return ok(c.installationJSON(in))
		}
	}
	return reply{}, errMissing
}

// createToken narrows permissions and repositories where that is asked for, and
// refuses more than was granted. The body may be null.
func createToken(c *call) (reply, error) {
	in, err := c.installationAsked()
	if err != nil {
		return reply{}, err
	}
	if !in.suspended.IsZero() {
		return reply{}, &fail{status: http.StatusForbidden, message: "This installation has been suspended"}
	}
	var asked struct {
		Repositories  []string
		RepositoryIDs []int64 `json:"repository_ids"`
		Permissions   map[string]string
	}
	if err := c.decode(&asked); err != nil {
		return reply{}, err
	}
	permissions := in.permissions
	if len(asked.Permissions) > 0 {
		permissions = map[string]string{"metadata": "read"}
		for name, access := range asked.Permissions {
			if !permits(in.permissions, name, access) {
				return reply{}, &fail{status: http.StatusUnprocessableEntity, message: "The permissions requested are not granted to this installation."}
			}
			permissions[name] = access
		}
	}
	var repositories []*Repository
	if len(asked.Repositories)+len(asked.RepositoryIDs) > 0 {
		repositories = []*Repository{}
		for _, r := range in.covered() {
			if slices.Contains(asked.Repositories, r.Name) || slices.Contains(asked.RepositoryIDs, r.ID) {
				repositories = append(repositories, r)
			}
		}
		if len(repositories) != len(asked.Repositories)+len(asked.RepositoryIDs) {
			return reply{}, &fail{status: http.StatusUnprocessableEntity, message: "There is at least one repository that does not exist or is not accessible to the parent installation."}
		}
	}
	name, t := in.newToken(permissions, repositories)
	o := object{"token": name, "expires_at": stampJSON(t.expires), "permissions": permissions, "repository_selection": "all"}
	if !in.all || repositories != nil {
		o["repository_selection"] = "selected"
	}
	if repositories != nil {
		o["repositories"] = shapes(repositories, c.repositoryJSON)
	}
	return created(o)
}

func deleteToken(c *call) (reply, error) {
	for name, t := range c.installation.tokens {
		if t == c.token {
			delete(c.installation.tokens, name)
		}
	}
	return nothing(http.StatusNoContent)
}

func listRepositories(c *call) (reply, error) {
	all := c.reach()
	list, header := page(c, all)
	selection := "selected"
	if c.installation.all && c.token.repositories == nil {
		selection = "all"
	}
	return reply{status: http.StatusOK, header: header,
		body: object{"total_count": len(all), "repository_selection": selection, "repositories": shapes(list, c.ownRepositoryJSON)}}, nil
}

func getRateLimit(c *call) (reply, error) {
	limit, used, reset := c.installation.rate()
	rate := object{"limit": limit, "used": used, "remaining": max(0, limit-used), "reset": reset.Unix(), "resource": "core"}
	search := object{"limit": 30, "used": 0, "remaining": 30, "reset": reset.Unix(), "resource": "search"}
	return ok(object{"rate": rate, "resources": object{"core": rate, "search": search}})
}

// listDeliveries pages by a cursor, newest first.
func listDeliveries(c *call) (reply, error) {
	log := c.Deliveries()
	_, size := c.paging()
	q := c.r.URL.Query()
	if cursor := q.Get("cursor"); cursor != "" {
		id, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil {
			return reply{}, &fail{status: http.StatusUnprocessableEntity, message: "Invalid cursor"}
		}
		log = slices.DeleteFunc(log, func(d Delivery) bool { return d.ID > id })
	}
	switch q.Get("status") { // as GitHub counts: what got no answer at all is neither
	case "success":
		log = slices.DeleteFunc(log, func(d Delivery) bool { return d.StatusCode < 200 || d.StatusCode > 399 })
	case "failure":
		log = slices.DeleteFunc(log, func(d Delivery) bool { return d.StatusCode < 400 || d.StatusCode > 599 })
	}
	answer := reply{status: http.StatusOK}
	if len(log) > size {
		answer.header = http.Header{"Link": {c.link("next", "cursor", strconv.FormatInt(log[size].ID, 10))}}
		log = log[:size]
	}
	answer.body = shapes(log, deliveryJSON)
	return answer, nil
}

func (c *call) deliveryAsked() (Delivery, error) {
	id := c.number("id")
	for _, d := range c.Deliveries() {
		if d.ID == id {
			return d, nil
		}
	}
	return Delivery{}, errMissing
}

func getDelivery(c *call) (reply, error) {
	d, err := c.deliveryAsked()
	if err != nil {
		return reply{}, err
	}
	o := deliveryJSON(d)
	flat := func(h http.Header) object {
		all := object{}
		for name := range h {
			all[name] = h.Get(name)
		}
		return all
	}
	o["url"] = c.webhookURL
	o["request"] = object{"headers": flat(d.requestHeader), "payload": json.RawMessage(d.Payload)}
	o["response"] = object{"headers": flat(d.responseHeader), "payload": orNil(d.response)}
	return ok(o)
}

func redeliver(c *call) (reply, error) {
	d, err := c.deliveryAsked()
	if err != nil {
		return reply{}, err
	}
	c.outbox.add(again(d))
	return reply{status: http.StatusAccepted, body: object{}}, nil
}

func deliveryJSON(d Delivery) object {
	o := object{"id": d.ID, "guid": d.GUID, "delivered_at": stampJSON(d.At), "redelivery": d.Redelivery, "duration": d.Duration.Seconds(),
		"status": d.Status, "status_code": d.StatusCode, "event": d.Event, "action": orNil(d.Action), "installation_id": nil, "repository_id": nil, "throttled_at": nil}
	if d.Installation != 0 {
		o["installation_id"] = d.Installation
	}
	if d.Repository != 0 {
		o["repository_id"] = d.Repository
	}
	return o
}
