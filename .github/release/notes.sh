#!/bin/sh
# notes.sh TAG prints what the changelog says of a release, and refuses a tag that is no
# version, is not on main, or that the changelog or the action does not know.
set -eu
refuse() {
  echo "notes.sh: $1" >&2
  exit 1
}
tag=${1:?"usage: notes.sh TAG"}
case $tag in *[!0-9A-Za-z.-]*) refuse "$tag is no version" ;; esac
printf '%s\n' "$tag" | grep -Eqx 'v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z][0-9A-Za-z.-]*)?' ||
  refuse "$tag is no version: it must look like v1.2.3 or v1.2.3-rc.1"
git rev-parse --verify --quiet "refs/tags/$tag^{commit}" >/dev/null || refuse "there is no tag $tag here"
git merge-base --is-ancestor "refs/tags/$tag^{commit}" refs/remotes/origin/main ||
  refuse "$tag is not a commit of main"
[ "$(git rev-parse 'HEAD^{commit}')" = "$(git rev-parse "refs/tags/$tag^{commit}")" ] ||
  refuse "what is checked out is not $tag"
[ "$(cat .github/action/version)" = "$tag" ] ||
  refuse ".github/action/version says $(cat .github/action/version), so that the action of this commit would run another release"
notes=$(awk -v heading="## ${tag#v} - " 'index($0, heading) == 1 { found = 1; next } found && /^## / { exit } found' CHANGELOG.md)
printf '%s' "$notes" | grep -q '[^[:space:]]' || refuse "CHANGELOG.md has nothing below \"## ${tag#v} - DATE\""
printf '%s\n' "$notes"
