{{- define "limitwise.labels" -}}
app.kubernetes.io/name: limitwise
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "limitwise.selector" -}}
app.kubernetes.io/name: limitwise
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "limitwise.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{- /* Whether an optional kind is wanted: "enabled", or "auto" and the cluster knows it. */ -}}
{{- define "limitwise.wanted" -}}
{{- if or (eq .wish "enabled") (and (eq .wish "auto") (.root.Capabilities.APIVersions.Has .api)) -}}yes{{- end -}}
{{- end }}

{{- define "limitwise.pullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}
