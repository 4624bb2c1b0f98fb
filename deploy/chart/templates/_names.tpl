{{- /* The release's name, once. */}}
{{- define "mutoscope.name" -}}
{{- if contains "mutoscope" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-mutoscope" .Release.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- /* What finds the pods of one component: dict "root" $ "component" NAME. */}}
{{- define "mutoscope.selector" -}}
app.kubernetes.io/name: mutoscope
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "mutoscope.labels" -}}
{{ include "mutoscope.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- /* An image: dict "root" $ "image" VALUES. */}}
{{- define "mutoscope.image" -}}
{{ .image.repository }}:{{ default .root.Chart.AppVersion .image.tag }}
{{- end }}
