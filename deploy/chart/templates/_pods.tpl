{{- /* What every pod of ours says first; .root, .values of the component. */}}
{{- define "mutoscope.pod" -}}
serviceAccountName: {{ include "mutoscope.name" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- end }}

{{- define "mutoscope.unprivileged" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{- /* The model of a class of workers, or of all that name none: .root, .values. */}}
{{- define "mutoscope.model" -}}
{{- $own := default dict .values.model -}}
{{- toYaml (ternary $own .root.Values.model (or (hasKey $own "source") (hasKey $own "row"))) }}
{{- end }}

{{- /* The further models that the bot offers: those of the classes that have one of their own. */}}
{{- define "mutoscope.models" -}}
{{- $found := list -}}
{{- range $class, $differs := .Values.workers }}
{{- with (default dict $differs).model }}
{{- $name := default .source .row }}
{{- $found = append $found (ternary (printf "%s=%s" $name .hardwareProfile) $name (not (empty .hardwareProfile))) }}
{{- end }}
{{- end }}
{{- join " " (uniq $found) }}
{{- end }}

{{- /* The models for whose orders KEDA starts workers, as MODELS_ON_DEMAND takes them. */}}
{{- define "mutoscope.onDemand" -}}
{{- $root := . -}}
{{- $found := list -}}
{{- range $class, $differs := .Values.workers }}
{{- $worker := mergeOverwrite (deepCopy $root.Values.workerDefaults) (default dict $differs) }}
{{- if ne $worker.mode "deployment" }}
{{- $model := include "mutoscope.model" (dict "root" $root "values" $worker) | fromYaml }}
{{- $found = append $found (default $model.source $model.row | replace "%" "%25" | replace " " "%20") }}
{{- end }}
{{- end }}
{{- join " " (uniq $found) }}
{{- end }}

{{- /* The settings that bot and workers must agree on; .root, .values of the component. */}}
{{- define "mutoscope.shared" -}}
{{- $model := include "mutoscope.model" . | fromYaml }}
- {name: MODEL, value: {{ default $model.row $model.source | quote }}}
{{- with $model.row }}
- {name: MODEL_ROW, value: {{ . | quote }}}
{{- end }}
{{- with $model.hardwareProfile }}
- {name: HARDWARE_PROFILE, value: {{ . | quote }}}
{{- end }}
{{- with .root.Values.depthModel }}
- {name: DEPTH_MODEL, value: {{ . | quote }}}
{{- end }}
{{- with .root.Values.pictureModel }}
{{- if .source }}
- {name: PICTURE_MODEL, value: {{ .source | quote }}}
- {name: PICTURE_STEPS, value: {{ .steps | quote }}}
- {name: PICTURE_GUIDANCE, value: {{ .guidance | quote }}}
- {name: PICTURE_LANGUAGES, value: {{ join " " .languages | quote }}}
{{- end }}
{{- end }}
{{- if .root.Values.generationFile }}
- {name: GENERATION_FILE, value: /etc/mutoscope/generation.yaml}
{{- end }}
{{- with .root.Values.redis.urlSecret }}
{{- if .name }}
- name: REDIS_URL
  valueFrom: {secretKeyRef: {{ toJson . }}}
{{- else }}
- {name: REDIS_URL, value: {{ printf "redis://%s-redis:6379/0" (include "mutoscope.name" $.root) | quote }}}
{{- end }}
{{- end }}
- {name: BLOB_URL, value: {{ default "file:///blobs" .root.Values.blobs.url | quote }}}
{{- end }}

{{- /* Further settings, by variable. */}}
{{- define "mutoscope.settings" -}}
{{- range $name, $value := . }}
- {name: {{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}

{{- /* What of the bot's further settings says how orders are taken and kept: the page's too. */}}
{{- define "mutoscope.ordersOfBot" -}}
{{- pick .Values.bot.settings "AUDIT_DAYS" "BLOB_LIMIT" "FILTER" "FILTER_FACTORY" "PRIVACY_POLICY_URL" "RETENTION_DAYS" "STYLES_DIR" "WORDS_FILE" | toYaml }}
{{- end }}

{{- define "mutoscope.envFrom" -}}
{{- with .root.Values.blobs.credentialsSecret }}
envFrom:
  - secretRef: {name: {{ . | quote }}}
{{- end }}
{{- end }}

{{- define "mutoscope.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if not .root.Values.blobs.url }}
- {name: blobs, mountPath: /blobs}
{{- end }}
{{- if .root.Values.generationFile }}
- {name: generation, mountPath: /etc/mutoscope, readOnly: true}
{{- end }}
{{- end }}

{{- define "mutoscope.volumes" -}}
- {name: tmp, emptyDir: {}}
{{- if not .root.Values.blobs.url }}
- name: blobs
  persistentVolumeClaim: {claimName: {{ default (printf "%s-blobs" (include "mutoscope.name" .root)) .root.Values.blobs.volume.existingClaim }}}
{{- end }}
{{- if .root.Values.generationFile }}
- {name: generation, configMap: {name: {{ include "mutoscope.name" .root }}-generation}}
{{- end }}
{{- end }}

{{- /* A claim's spec: dict "volume" VALUES "mode" ACCESS. */}}
{{- define "mutoscope.claim" -}}
accessModes: [{{ .mode }}]
{{- with .volume.storageClass }}
storageClassName: {{ . | quote }}
{{- end }}
resources: {requests: {storage: {{ .volume.size | quote }}}}
{{- end }}

{{- /* What a pod of Redis or PostgreSQL says first: dict "root" $ "user" ID "group" ID. */}}
{{- define "mutoscope.storagePod" -}}
serviceAccountName: {{ include "mutoscope.name" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user }}
  runAsGroup: {{ .group }}
  fsGroup: {{ .group }}
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- end }}
