{{/* What the chart tells the HTTP interface. */}}
{{- define "textmill.apiEnv" -}}
{{- $name := printf "%s-api" (include "textmill.name" .) }}
{{- $hosts := concat (list $name (printf "%s.$(TEXTMILL_NAMESPACE)" $name) (printf "%s.$(TEXTMILL_NAMESPACE).svc" $name) (printf "%s.$(TEXTMILL_NAMESPACE).svc.cluster.local" $name) "localhost" "127.0.0.1") .Values.api.allowedHosts }}
{{- if .Values.ingress.enabled }}{{ $hosts = concat $hosts .Values.ingress.hosts }}{{ end }}
{{- if .Values.httpRoute.enabled }}{{ $hosts = concat $hosts .Values.httpRoute.hostnames }}{{ end }}
{{ include "textmill.volumeEnv" . }}
- name: TEXTMILL_LISTEN
  value: ":5000"
- name: TEXTMILL_HEALTH_LISTEN
  value: ":5001"
- name: TEXTMILL_ALLOWED_HOSTS
  value: {{ join "," $hosts | quote }}
- name: TEXTMILL_MAX_UPLOAD_BYTES
  value: {{ kindIs "string" .Values.api.maxUploadBytes | ternary .Values.api.maxUploadBytes (int64 .Values.api.maxUploadBytes) | quote }}
- name: TEXTMILL_THREADS
  value: {{ .Values.api.threads | quote }}
- name: TEXTMILL_LEASE
  value: {{ include "textmill.name" . }}-operator
- name: TEXTMILL_LOG_LEVEL
  value: {{ .Values.api.logLevel }}
{{- with add .Values.api.trustedProxies (or .Values.ingress.enabled .Values.httpRoute.enabled | ternary 1 0) }}
- name: TEXTMILL_TRUSTED_PROXIES
  value: {{ . | quote }}
{{- end }}
{{- if .Values.api.auth.enabled }}
- name: TEXTMILL_AUTH
  value: kubernetes
- name: TEXTMILL_AUTH_AUDIENCES
  value: {{ join "," .Values.api.auth.audiences | quote }}
- name: TEXTMILL_AUTH_CACHE_SECONDS
  value: {{ include "textmill.number" .Values.api.auth.cacheSeconds | quote }}
{{- end }}
{{- if .Values.api.linkKeySecret }}
- name: TEXTMILL_LINK_KEY_FILE
  value: /etc/textmill/links/keys
{{- end }}
{{- end -}}

{{/* What the chart tells the operator. */}}
{{- define "textmill.operatorEnv" -}}
{{- $name := printf "%s-operator" (include "textmill.name" .) }}
{{- $own := .Values.operator }}
- name: TEXTMILL_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: TEXTMILL_NAMESPACES
  value: {{ .Values.allNamespaces | ternary "*" (join "," (prepend .Values.namespaces "$(TEXTMILL_NAMESPACE)" | uniq)) | quote }}
- name: TEXTMILL_IDENTITY
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: TEXTMILL_LEASE
  value: {{ $name }}
- name: TEXTMILL_LEASE_SECONDS
  value: {{ include "textmill.number" $own.leaseSeconds | quote }}
- name: TEXTMILL_HEALTH_ADDRESS
  value: ":8081"
- name: TEXTMILL_LOG_LEVEL
  value: {{ $own.logLevel }}
- name: TEXTMILL_IMAGE
  value: {{ include "textmill.image" . }}
- name: TEXTMILL_PULL_POLICY
  value: {{ .Values.image.pullPolicy }}
{{- with .Values.image.pullSecrets }}
- name: TEXTMILL_PULL_SECRETS
  value: {{ join "," . | quote }}
{{- end }}
- name: TEXTMILL_CLAIM
  value: {{ include "textmill.claim" . | quote }}
- name: TEXTMILL_MAX_PODS
  value: {{ int64 $own.maxPods | quote }}
- name: TEXTMILL_NAMESPACE_PODS
  value: {{ int64 $own.namespacePods | quote }}
- name: TEXTMILL_BATCH_MEMBERS
  value: {{ int64 $own.batchMembers | quote }}
- name: TEXTMILL_SMALL_BYTES
  value: {{ include "textmill.number" $own.smallBytes | quote }}
- name: TEXTMILL_SHARD_BYTES
  value: {{ include "textmill.number" $own.shardBytes | quote }}
- name: TEXTMILL_SHARD_PODS
  value: {{ int64 $own.shardPods | quote }}
- name: TEXTMILL_NOTIFY_NETWORKS
  value: {{ $own.notify.networks | quote }}
- name: TEXTMILL_WORKER_MEMORY_BYTES
  value: {{ include "textmill.number" .Values.worker.memoryBytes | quote }}
- name: TEXTMILL_WORKER_CPU
  value: {{ .Values.worker.cpu | quote }}
- name: TEXTMILL_WORKER_USER
  value: {{ int64 .Values.runAsUser | quote }}
- name: TEXTMILL_WORKER_AFFINITY
  value: {{ include "textmill.affinity" (dict "root" . "own" .Values.worker.affinity) | quote }}
{{- end -}}
