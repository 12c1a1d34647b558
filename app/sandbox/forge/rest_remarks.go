package forge

import (
	"fmt"
	"net/http"
	"slices"
)

func getReview(c *call) (reply, error) {
	p, err := c.pullAsked()
	if err != nil {
		return reply{}, err
	}
	for _, r := range p.reviews {
		if r.id == c.number("id") {
			return ok(c.reviewJSON(r))
		}
	}
	return reply{}, errMissing
}

func getIssueComment(c *call) (reply, error) {
	k, err := c.issueCommentAsked()
	if err != nil {
		return reply{}, err
	}
	return ok(c.issueCommentJSON(k))
}

// contents are the reactions that there are, as REST and as GraphQL writes them.
var contents = map[string]string{"+1": "THUMBS_UP", "-1": "THUMBS_DOWN", "laugh": "LAUGH", "confused": "CONFUSED", "heart": "HEART",
	"hooray": "HOORAY", "rocket": "ROCKET", "eyes": "EYES"}

func reactToReviewComment(c *call) (reply, error) {
	k, err := c.reviewCommentAsked()
	if err != nil {
		return reply{}, err
	}
	return c.react(&k.reactions)
}

func reactToIssueComment(c *call) (reply, error) {
	k, err := c.issueCommentAsked()
	if err != nil {
		return reply{}, err
	}
	return c.react(&k.reactions)
}

// react adds a reaction of the App's; a second one of its kind is answered with the first.
func (c *call) react(to *[]string) (reply, error) {
	var q struct {
		Content string `json:"content"`
	}
	if err := c.decode(&q); err != nil {
		return reply{}, err
	}
	if contents[q.Content] == "" {
		return reply{}, invalid("Reaction", "invalid", "content", "")
	}
	status := http.StatusOK
	if !slices.Contains(*to, q.Content) {
		*to = append(*to, q.Content)
		status = http.StatusCreated
	}
	id := c.nextID()
	return reply{status: status, body: object{"id": id, "node_id": fmt.Sprintf("REA_%d", id), "user": c.userJSON(c.app.bot),
		"content": q.Content, "created_at": stampJSON(c.now())}}, nil
}
