{{- /* The template of one class's pods: dict "root" $ "component" "class" "values". */}}
{{- define "mutoscope.worker" -}}
{{- $job := eq .values.mode "scaledJob" -}}
metadata:
  labels: {{- include "mutoscope.labels" . | nindent 4 }}
  annotations:
    # No autoscaler of nodes takes a worker away from its clip.
    cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
    karpenter.sh/do-not-disrupt: "true"
    {{- with .root.Values.generationFile }}
    checksum/generation: {{ sha256sum . }}
    {{- end }}
spec:
  {{- include "mutoscope.pod" . | nindent 2 }}
  restartPolicy: {{ ternary "Never" "Always" $job }}
  terminationGracePeriodSeconds: {{ .values.gracePeriodSeconds }}
  {{- with .values.runtimeClassName }}
  runtimeClassName: {{ . }}
  {{- end }}
  {{- with .values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  containers:
    - name: worker
      image: {{ include "mutoscope.image" (dict "root" .root "image" .values.image) }}
      imagePullPolicy: {{ .values.image.pullPolicy }}
      {{- include "mutoscope.unprivileged" . | nindent 6 }}
      env:
        {{- include "mutoscope.shared" . | nindent 8 }}
        - name: WORKER_NAME
          valueFrom: {fieldRef: {fieldPath: metadata.name}}
        # On SIGTERM the clip at hand is finished, and what waits is handed back at once.
        - {name: DRAIN_SECONDS, value: {{ .values.longestClipSeconds | toString | quote }}}
        {{- if $job }}
        - {name: IDLE_EXIT_SECONDS, value: {{ .values.idleSeconds | toString | quote }}}
        {{- end }}
        {{- if not .values.gpu.count }}
        - {name: DEVICE, value: cpu}
        {{- end }}
        {{- if .root.Values.credentialsSecret }}
        - {name: CREDENTIALS_CHAIN, value: /etc/mutoscope-credentials/tls.crt}
        - {name: CREDENTIALS_KEY, value: /etc/mutoscope-credentials/tls.key}
        {{- end }}
        {{- include "mutoscope.settings" .values.settings | nindent 8 }}
      {{- include "mutoscope.envFrom" . | nindent 6 }}
      ports:
        - {name: metrics, containerPort: 9100}
      startupProbe:
        httpGet: {path: /readyz, port: metrics}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: {{ max 1 (div .values.startSeconds 10) }}
      # Not ready while the engine's process is being replaced; the worker does that by itself.
      readinessProbe:
        httpGet: {path: /readyz, port: metrics}
        timeoutSeconds: 5
      livenessProbe:
        httpGet: {path: /healthz, port: metrics}
        timeoutSeconds: 10
        failureThreshold: 6
      {{- $limits := deepCopy (default dict .values.resources.limits) }}
      {{- if .values.gpu.count }}
      {{- $limits = set $limits .values.gpu.resource .values.gpu.count }}
      {{- end }}
      resources: {{- toYaml (set (deepCopy .values.resources) "limits" $limits) | nindent 8 }}
      volumeMounts:
        - {name: data, mountPath: /data}
        - {name: weights, mountPath: /weights}
        {{- if .root.Values.credentialsSecret }}
        - {name: credentials, mountPath: /etc/mutoscope-credentials, readOnly: true}
        {{- end }}
        {{- include "mutoscope.mounts" . | nindent 8 }}
  volumes:
    - {name: data, emptyDir: {}}
    {{- if .values.weightsClaim }}
    - {name: weights, persistentVolumeClaim: {claimName: {{ .values.weightsClaim }}}}
    {{- else }}
    - {name: weights, emptyDir: {}}
    {{- end }}
    {{- with .root.Values.credentialsSecret }}
    - name: credentials
      secret: {secretName: {{ . | quote }}, defaultMode: 0440}
    {{- end }}
    {{- include "mutoscope.volumes" . | nindent 4 }}
{{- end }}
