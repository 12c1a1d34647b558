package access

// Viewer is who looks at a page. The zero Viewer is somebody who has not signed in.
type Viewer struct {
	Person
	session string // key of the session
	token   Token
}
