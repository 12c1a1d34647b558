package config

// PolicyPaths are where a policy file may lie in a repository.
func PolicyPaths() []string { return []string{".github/bonafide.yml", "bonafide.yml"} }

// MistakenPolicyPaths are where people put one by mistake. It is said, never passed over.
func MistakenPolicyPaths() []string { return []string{".github/bonafide.yaml", "bonafide.yaml"} }
