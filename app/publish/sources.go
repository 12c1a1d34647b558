package publish

// The documentation on which findings rest.
const (
	docsTrustedNPM     = "https://docs.npmjs.com/trusted-publishers"
	docsProvenanceNPM  = "https://docs.npmjs.com/generating-provenance-statements"
	docsPrivateNPM     = "https://github.blog/changelog/2023-07-26-publishing-with-npm-provenance-from-private-source-repositories-is-no-longer-supported/"
	docsE422           = "https://github.com/npm/cli/issues/8036"
	docsSetupNode      = "https://github.com/actions/setup-node/blob/main/docs/advanced-usage.md"
	docsStaged         = "https://docs.npmjs.com/staged-publishing"
	docsLerna          = "https://github.com/lerna/lerna/issues/3657"
	docsLernaOIDC      = "https://github.com/lerna/lerna/releases/tag/v9.0.0"
	docsLernaLiteOIDC  = "https://github.com/lerna-lite/lerna-lite/pull/1150"
	docsChangesets     = "https://github.com/changesets/changesets/issues/1152"
	docsChangesetsFlag = "https://github.com/playcanvas/react/pull/328"
	docsBun            = "https://github.com/oven-sh/bun/issues/22423"
	docsYarn           = "https://github.com/yarnpkg/berry/releases/tag/%40yarnpkg%2Fcli%2F4.9.0"
	docsYarnPublish    = "https://yarnpkg.com/configuration/yarnrc#npmPublishProvenance"
	docsPNPM           = "https://pnpm.io/blog/releases/11.0"
	docsStageOnly      = "https://github.blog/changelog/2026-09-18-stage-only-npm-tokens-for-safer-automation"
	docsSemantic       = "https://github.com/semantic-release/npm"
	docsPyPI           = "https://docs.pypi.org/trusted-publishers/"
	docsPyPIReuse      = "https://docs.pypi.org/trusted-publishers/troubleshooting/"
	docsRubyGems       = "https://guides.rubygems.org/trusted-publishing/"
	docsCrates         = "https://crates.io/docs/trusted-publishing"
	docsCratesTriggers = "https://github.com/extphprs/ext-php-rs/pull/578"
	docsPermissions    = "https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#permissions"
	docsCalled         = "https://docs.github.com/en/actions/reference/workflows-and-actions/reusing-workflow-configurations"
	docsSecureUse      = "https://docs.github.com/en/actions/reference/security/secure-use"
	docsTarget         = "https://docs.github.com/en/actions/reference/security/securely-using-pull_request_target"
	docsCaching        = "https://docs.github.com/en/actions/reference/workflows-and-actions/dependency-caching"
	docsNx             = "https://nx.dev/blog/s1ngularity-postmortem"
	docsTanStack       = "https://tanstack.com/blog/incident-followup"
	docsEnvironments   = "https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments"
	docsEvents         = "https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows"
	docsSyntax         = "https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax"
)

// docsTrusted is where a registry says how trusted publishing is set up.
func docsTrusted(registry string) string {
	switch registry {
	case "pypi":
		return docsPyPI
	case "rubygems":
		return docsRubyGems
	case "crates.io":
		return docsCrates
	}
	return docsTrustedNPM
}
