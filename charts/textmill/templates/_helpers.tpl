{{/* Begins all names: a letter first, no dot, and at most 46 characters, since a CronJob's name has 52 with `-sweep`. */}}
{{- define "textmill.name" -}}
{{- $name := .Values.fullnameOverride | default .Release.Name | replace "." "-" -}}
{{- if regexMatch "^[0-9]" $name }}{{ $name = printf "textmill-%s" $name }}{{ end -}}
{{- if not (contains "textmill" (trunc 46 $name)) }}{{ $name = printf "%s-textmill" ($name | trunc 37 | trimAll "-") }}{{ end -}}
{{- $name | trunc 46 | trimAll "-" -}}
{{- end -}}

{{- define "textmill.selector" -}}
app.kubernetes.io/name: textmill
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "textmill.labels" -}}
{{ include "textmill.selector" . }}
app.kubernetes.io/part-of: textmill
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "textmill.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end -}}

{{- define "textmill.claim" -}}
{{ .Values.persistence.existingClaim | default .Values.persistence.claimName }}
{{- end -}}

{{/* The namespaces with a claim, as JSON: the release's own first. */}}
{{- define "textmill.namespaces" -}}
{{ prepend .Values.namespaces .Release.Namespace | uniq | toJson }}
{{- end -}}

{{- define "textmill.podSecurity" -}}
runAsNonRoot: true
seccompProfile: { type: RuntimeDefault }
{{- with .Values.runAsUser }}
runAsUser: {{ int64 . }}
runAsGroup: {{ int64 . }}
fsGroup: {{ int64 . }}
fsGroupChangePolicy: OnRootMismatch
{{- end }}
{{- end -}}

{{- define "textmill.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* What every pod of ours has: call with root, and the part's values as own. */}}
{{- define "textmill.pod" -}}
enableServiceLinks: false
securityContext:
  {{- include "textmill.podSecurity" .root | nindent 2 }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .own.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .own.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .own.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Affinity of a pod that mounts the claim, as JSON: with ReadWriteOnce it goes where the others are. */}}
{{- define "textmill.affinity" -}}
{{- $affinity := deepCopy .own -}}
{{- if eq .root.Values.persistence.accessMode "ReadWriteOnce" -}}
{{- $labels := dict "matchLabels" (dict "textmill.dev/volume" "mounted") -}}
{{- $term := dict "labelSelector" $labels "topologyKey" "kubernetes.io/hostname" -}}
{{- $pods := get $affinity "podAffinity" | default dict -}}
{{- $key := "requiredDuringSchedulingIgnoredDuringExecution" -}}
{{- $_ := set $pods $key (append (get $pods $key | default list) $term) -}}
{{- $_ := set $affinity "podAffinity" $pods -}}
{{- end -}}
{{- toJson $affinity -}}
{{- end -}}

{{/* Environment of what works on the volume. */}}
{{- define "textmill.volumeEnv" -}}
- name: TEXTMILL_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: TEXTMILL_CLAIM
  value: {{ include "textmill.claim" . | quote }}
- name: TEXTMILL_VOLUME
  value: /var/lib/textmill/volume
{{- end -}}

{{/* A number, or the string that --set makes of a fraction, without an exponent. */}}
{{- define "textmill.number" -}}
{{- if or (kindIs "string" .) (ne (float64 .) (float64 (int64 .))) }}{{ . }}{{ else }}{{ int64 . }}{{ end -}}
{{- end -}}

{{/* A container's variables: call with YAML of the chart's own, and the part's values as own. One that is set again keeps its
place, since others may refer to it, and no name is there twice: a server-side apply refuses that. */}}
{{- define "textmill.env" -}}
{{- $set := dict -}}
{{- range .own.env }}{{ $_ := set $set .name . }}{{ end -}}
{{- $all := list -}}
{{- range concat (fromYamlArray .ours) (.own.env | default list) -}}
{{- if not (hasKey $set .name) }}{{ $all = append $all . -}}
{{- else if get $set .name }}{{ $all = append $all (get $set .name) }}{{ $_ := set $set .name false }}{{ end -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{/* Refuse what cannot work, with a sentence that says what to do. */}}
{{- define "textmill.checks" -}}
{{- if eq .Values.persistence.accessMode "ReadWriteOnce" -}}
{{- if gt (int .Values.api.replicas) 1 -}}
{{- fail (printf "api.replicas is %d, but a ReadWriteOnce claim is mounted on one node only: set persistence.accessMode to ReadWriteMany (with a storage class that can do it), or api.replicas to 1." (int .Values.api.replicas)) -}}
{{- end -}}
{{- if .Values.api.autoscaling.enabled -}}
{{- fail "api.autoscaling is enabled, but a ReadWriteOnce claim is mounted on one node only: set persistence.accessMode to ReadWriteMany (with a storage class that can do it), or switch api.autoscaling off." -}}
{{- end -}}
{{- end -}}
{{- if gt (int .Values.api.autoscaling.minReplicas) (int .Values.api.autoscaling.maxReplicas) -}}
{{- fail "api.autoscaling.minReplicas is greater than api.autoscaling.maxReplicas." -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.hosts) -}}
{{- fail "ingress.enabled needs at least one name in ingress.hosts: the HTTP interface answers to names that it knows." -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not (and .Values.httpRoute.parentRefs .Values.httpRoute.hostnames)) -}}
{{- fail "httpRoute.enabled needs httpRoute.parentRefs (the Gateway) and httpRoute.hostnames." -}}
{{- end -}}
{{- end -}}
