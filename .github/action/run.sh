#!/bin/sh
# What action.yml runs. It brings a release of Bonafide along, verifies it before it is run,
# and compares two commits. Nothing of the checkout is executed, and the policy is the base's.
set -eu

# fail ends the job with a sentence. It may hold outside text, which must not become a
# command to the runner: those begin a line.
fail() {
  printf '::error title=Bonafide::%s\n' "$(printf '%s' "$1" | tr '\r\n' '  ' | sed 's/%/%25/g')"
  exit 2
}

digest() {
  if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -c 1-64
}

# fetch NAME TO downloads a file of the release.
fetch() {
  curl --fail --silent --show-error --location --proto "$protocol" --proto-redir "$protocol" \
    --retry 3 --max-time 300 --max-filesize 209715200 --output "$2" "$releases/$version/$1" && return
  status=$?
  [ "$status" -eq 22 ] && fail "There is no $1 at $releases/$version: is $version a release, and are its files complete?"
  fail "$releases/$version/$1 could not be downloaded (curl ended with $status)."
}

# obtain sets program to a release that was verified.
obtain() {
  case ${RUNNER_OS-} in
    Linux) os=linux pack=tar.gz file=bonafide ;;
    macOS) os=darwin pack=tar.gz file=bonafide ;;
    Windows) os=windows pack=zip file=bonafide.exe ;;
    *) fail "There is no Bonafide for ${RUNNER_OS:-this system}: it is built for Linux, macOS and Windows. Build it yourself, and give its path as program." ;;
  esac
  case ${RUNNER_ARCH-} in
    X64) arch=amd64 ;;
    ARM64) arch=arm64 ;;
    *) fail "There is no Bonafide for ${RUNNER_ARCH:-this processor}: it is built for X64 and ARM64. Build it yourself, and give its path as program." ;;
  esac
  version=${INPUT_VERSION:-$(cat "$GITHUB_ACTION_PATH/.github/action/version")}
  [ "$version" = unreleased ] && fail "No release was made of this version of the action. Give the version of one, or build Bonafide and give its path as program."
  case $version in *[!0-9A-Za-z.-]*) fail "version: \"$version\" is not one like v1.2.3." ;; esac # no second line
  printf '%s\n' "$version" | grep -Eqx 'v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z][0-9A-Za-z.-]*)?' || fail "version: \"$version\" is not one like v1.2.3."
  releases=${INPUT_RELEASES%/}
  case $releases in
    https://*) protocol='=https' ;;
    http://127.0.0.1:*) protocol='=http' ;;
    *) fail "releases: $releases is not an address with https." ;;
  esac
  name=bonafide_${version#v}_${os}_$arch.$pack
  mkdir -p "$work/release"
  cd "$work/release" # relative names: tar takes a colon in a path for a host
  fetch "$name" "$name"
  fetch SHA256SUMS SHA256SUMS
  found=$(digest "$name")
  grep -qxF "$found  $name" SHA256SUMS || fail "$name is not what the release's SHA256SUMS says: it is damaged, or was replaced. Its digest is $found."
  # The list lies beside the file, so that whoever could replace one could replace both.
  # What makes the file Bonafide's is the digest that the caller knows, or the attestation
  # that the release workflow made of it, at the tag of this version.
  if [ -n "${INPUT_SHA256-}" ]; then
    [ "$found" = "$INPUT_SHA256" ] || fail "$name has the digest $found, and sha256 says $INPUT_SHA256. It was not run."
  elif command -v gh >/dev/null; then
    fetch "$name.sigstore.json" "$name.sigstore.json"
    GH_TOKEN=${INPUT_GITHUB_TOKEN-} gh attestation verify "$name" --bundle "$name.sigstore.json" --repo bonafide-app/bonafide \
      --cert-identity "https://github.com/bonafide-app/bonafide/.github/workflows/release.yml@refs/tags/$version" \
      --cert-oidc-issuer https://token.actions.githubusercontent.com --deny-self-hosted-runners ||
      fail "$name could not be verified to be built by the release workflow of bonafide-app/bonafide at $version. It was not run."
  else
    fail "$name cannot be verified: the GitHub CLI (gh) is not on this runner. Install it, or give the archive's digest as sha256."
  fi
  if [ "$pack" = zip ]; then unzip -q -o "$name" "$file"; else tar -xzf "$name" "$file"; fi
  program=$work/release/$file
  cd "$checkout"
}

# commit REF says which commit it is.
commit() {
  case $1 in
    '' | 0000000000000000000000000000000000000000 | -*) fail "$2: \"$1\" is no commit. Give one: this event names none." ;;
  esac
  git rev-parse --verify --quiet "$1^{commit}" || fail "$2: there is no commit $1 in this checkout. Check out with fetch-depth: 0."
}

# at_base NAME PATH TO writes what the file is at the base: the head must not choose what it
# is judged by.
at_base() {
  git cat-file blob "$base:$2" >"$3" 2>/dev/null || fail "$1: there is no file $2 at the base ($base)."
}

checkout=$PWD
work=$(mktemp -d "$RUNNER_TEMP/bonafide.XXXXXX")
case ${INPUT_FAIL_ON:=unverified} in
  unverified | failed | never) ;;
  *) fail "fail-on: \"$INPUT_FAIL_ON\" is none of unverified, failed and never." ;;
esac
# Git takes any folder for a repository that has the files of one, with what it says of the
# base, and programs to run. Only a .git can be none that the head brought.
git=$(git rev-parse --absolute-git-dir 2>&1) || fail "working-directory: git reads no checkout in $checkout: $git"
case $git in
  */.git | */.git/*) ;;
  *) fail "working-directory: git would take $git for a repository, which a pull request can bring. Name a folder of a checkout." ;;
esac
base=$(commit "${INPUT_BASE-}" base) || { printf '%s\n' "$base"; exit 2; }
head=$(commit "${INPUT_HEAD-}" head) || { printf '%s\n' "$head"; exit 2; }
if [ -n "${INPUT_PROGRAM-}" ]; then program=$INPUT_PROGRAM; else obtain; fi

set -- diff "$base" "$head" --cache-dir "$work/cache" \
  --also "json=$work/report.json" --also "sarif=$work/report.sarif" --also "summary=$work/summary.md"
if [ -n "${INPUT_POLICY-}" ]; then
  at_base policy "$INPUT_POLICY" "$work/policy.yml"
  set -- "$@" --policy "$work/policy.yml"
fi
if [ -n "${INPUT_REGISTRIES-}" ]; then
  at_base registries "$INPUT_REGISTRIES" "$work/registries.yml"
  set -- "$@" --registries "$work/registries.yml"
fi
if [ -n "${INPUT_NPM_REGISTRY-}" ]; then set -- "$@" --npm-registry "$INPUT_NPM_REGISTRY"; fi
unset GH_TOKEN GITHUB_TOKEN
if [ -n "${INPUT_GITHUB_TOKEN-}" ]; then
  GITHUB_TOKEN=$INPUT_GITHUB_TOKEN
  export GITHUB_TOKEN
fi

# Names and messages of packages are shown, and must not become commands to the runner.
pause=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$pause"
status=0
"$program" "$@" 2>&1 || status=$? # in one stream, whose order the runner keeps
echo "::$pause::"
[ -s "$work/report.json" ] || fail "Bonafide ended with $status and made no report: the lines above say why."

cat "$work/summary.md" >>"$GITHUB_STEP_SUMMARY"
{
  echo "conclusion=$(sed -n 's/^  "conclusion": "\([a-z_]*\)".*/\1/p' "$work/report.json" | head -n 1)"
  echo "report=$work/report.json"
  echo "sarif=$work/report.sarif"
  echo "status=$status"
} >>"$GITHUB_OUTPUT"
case $INPUT_FAIL_ON:$status in
  unverified:[13] | failed:1) exit "$status" ;;
  *:[013]) exit 0 ;;
esac
fail "Bonafide ended with $status."
