{{- /* What goes together and what does not. Types and names are in values.schema.json. */ -}}
{{- define "bonafide.refusals" -}}
{{- $v := .Values -}}
{{- $proxy := or $v.proxy.url $v.proxy.existingSecret -}}

{{- if not (regexMatch "^https://[A-Za-z0-9.-]+(:[0-9]+)?/?$" $v.publicUrl) -}}
  {{- fail (printf "publicUrl is %q: set it to the address where GitHub and people reach the server, https and without a path, for example https://bonafide.example.com" $v.publicUrl) -}}
{{- end -}}
{{- if not $v.credentials.existingSecret -}}
  {{- fail "credentials.existingSecret is empty: name the Secret that `bonafide setup --print kubernetes` makes" -}}
{{- end -}}

{{- if not (regexMatch "^[a-z]" (include "bonafide.fullname" .)) -}}
  {{- fail (printf "%q does not begin with a letter, as the name of a Service must: choose another release name, or set fullnameOverride" (include "bonafide.fullname" .)) -}}
{{- end -}}

{{- if eq $v.database.type "sqlite" -}}
  {{- if gt (int $v.replicas) 1 -}}
    {{- fail (printf "replicas is %d with database.type sqlite, which one server alone can use: set replicas to 1, or database.type to postgres" (int $v.replicas)) -}}
  {{- end -}}
  {{- if $v.database.existingSecret -}}
    {{- fail "database.existingSecret is set with database.type sqlite, which needs no address: leave it out, or set database.type to postgres" -}}
  {{- end -}}
  {{- if $v.networkPolicy.postgresTo -}}
    {{- fail "networkPolicy.postgresTo is set with database.type sqlite: leave it out, or set database.type to postgres" -}}
  {{- end -}}
{{- else -}}
  {{- if not $v.database.existingSecret -}}
    {{- fail "database.type is postgres and database.existingSecret is empty: name the Secret whose key has the address of the database" -}}
  {{- end -}}
  {{- if $v.persistence.existingClaim -}}
    {{- fail "persistence.existingClaim is set with database.type postgres, which uses no volume: leave it out, or set database.type to sqlite" -}}
  {{- end -}}
  {{- if ne (index $v.settings "audit-log" | default "-") "-" -}}
    {{- fail "settings.audit-log names a file with database.type postgres, where it would go with its Pod: set it to \"-\" and collect the output" -}}
  {{- end -}}
{{- end -}}

{{- if and $v.image.tag $v.image.digest -}}
  {{- fail "image.tag and image.digest are both set: leave one of them out" -}}
{{- end -}}
{{- if and $v.ingress.enabled (not $v.ingress.tlsSecret) -}}
  {{- fail "ingress.enabled without ingress.tlsSecret: GitHub's events and people's sessions need TLS; name the Secret with the certificate" -}}
{{- end -}}

{{- range $name, $from := $v.files -}}
  {{- if and $from.secret $from.configMap -}}
    {{- fail (printf "files.%s names a secret and a configMap: leave one of them out" $name) -}}
  {{- else if not (or $from.secret $from.configMap) -}}
    {{- fail (printf "files.%s names neither a secret nor a configMap: name the one that has the file" $name) -}}
  {{- end -}}
{{- end -}}

{{- if and $v.proxy.url $v.proxy.existingSecret -}}
  {{- fail "proxy.url and proxy.existingSecret are both set: leave one of them out" -}}
{{- end -}}
{{- if contains "@" $v.proxy.url -}}
  {{- fail "proxy.url has a user or a password in it, which everybody could read who reads the Deployment: put the address into a Secret and name that in proxy.existingSecret" -}}
{{- end -}}

{{- range $v.extraEnv -}}
  {{- if or (hasPrefix "BONAFIDE_" .name) (has .name (list "GOMEMLIMIT" "HTTPS_PROXY" "HTTP_PROXY" "NO_PROXY")) -}}
    {{- fail (printf "extraEnv has %s, which the chart sets itself: use settings, files, database, credentials, resources or proxy" .name) -}}
  {{- end -}}
{{- end -}}

{{- if $v.networkPolicy.enabled -}}
  {{- if not $v.networkPolicy.webFrom -}}
    {{- fail "networkPolicy.enabled with an empty networkPolicy.webFrom: say where the ingress controller is, or nothing reaches the server" -}}
  {{- end -}}
  {{- if and (eq $v.database.type "postgres") (not $v.networkPolicy.postgresTo) -}}
    {{- fail "networkPolicy.enabled with an empty networkPolicy.postgresTo: say where PostgreSQL is" -}}
  {{- end -}}
  {{- if and $proxy (not $v.networkPolicy.proxyTo) -}}
    {{- fail "networkPolicy.enabled and a proxy, with an empty networkPolicy.proxyTo: say where the proxy is" -}}
  {{- end -}}
  {{- if not (or $proxy $v.networkPolicy.httpsTo) -}}
    {{- fail "networkPolicy.enabled without a way out: GitHub and the registries must be reached; fill networkPolicy.httpsTo, or set proxy and networkPolicy.proxyTo" -}}
  {{- end -}}
  {{- if and $v.monitoring.serviceMonitor.enabled (not $v.networkPolicy.operatorFrom) -}}
    {{- fail "monitoring.serviceMonitor.enabled with an empty networkPolicy.operatorFrom: say where Prometheus is" -}}
  {{- end -}}
{{- end -}}
{{- if and $v.networkPolicy.proxyTo (not $proxy) -}}
  {{- fail "networkPolicy.proxyTo is set and no proxy: set proxy.url or proxy.existingSecret, too" -}}
{{- end -}}
{{- with $v.monitoring.serviceMonitor -}}
  {{- if and .enabled (not $v.networkPolicy.enabled) (not .withoutNetworkPolicy) -}}
    {{- fail "monitoring.serviceMonitor.enabled opens the operators' pages, where nobody is asked who they are, to the whole cluster: enable networkPolicy with operatorFrom, or set monitoring.serviceMonitor.withoutNetworkPolicy where something else keeps everybody but Prometheus from port 9464" -}}
  {{- end -}}
{{- end -}}
{{- end -}}
