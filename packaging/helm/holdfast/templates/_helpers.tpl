{{/* At most 44 letters: a CronJob may have 52. */}}
{{- define "holdfast.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 44 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 44 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "holdfast.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "holdfast.labels" -}}
{{ include "holdfast.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "holdfast.image" -}}
{{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) }}
{{- end -}}

{{- define "holdfast.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{ .Values.serviceAccount.name | default (include "holdfast.fullname" .) }}
{{- else -}}
{{ .Values.serviceAccount.name | default "default" }}
{{- end -}}
{{- end -}}

{{- define "holdfast.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
# Always would open the files of the volume to the group, and the service does not start with a key that others can read.
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "holdfast.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* What every command of holdfast needs to find its settings and its database. */}}
{{- define "holdfast.env" -}}
- name: HOLDFAST_CONFIG
  value: /etc/holdfast/holdfast.toml
- name: HOLDFAST_LISTEN
  value: 0.0.0.0:8080
- name: HOLDFAST_DATA_DIR
  value: /var/lib/holdfast/data
- name: HOLDFAST_AUTH__LOCAL_ISSUER
  value: {{ .Values.localIssuer.enabled | quote }}
{{- if .Values.database.existingSecret }}
- name: HOLDFAST_DATABASE_URL_FILE
  value: /run/secrets/holdfast/database/url
{{- if or .Values.database.caSecret .Values.database.caConfigMap }}
- name: HOLDFAST_DATABASE_CA_FILE
  value: /run/secrets/holdfast/ca/ca.crt
{{- end }}
{{- end }}
{{- if .Values.metrics.tokenSecret }}
- name: HOLDFAST_METRICS_TOKEN_FILE
  value: /run/secrets/holdfast/metrics/token
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "holdfast.mounts" -}}
- name: config
  mountPath: /etc/holdfast
  readOnly: true
- name: data
  mountPath: /var/lib/holdfast
- name: tmp
  mountPath: /tmp
{{- if .Values.database.existingSecret }}
- name: database
  mountPath: /run/secrets/holdfast/database
  readOnly: true
{{- if or .Values.database.caSecret .Values.database.caConfigMap }}
- name: ca
  mountPath: /run/secrets/holdfast/ca
  readOnly: true
{{- end }}
{{- end }}
{{- if .Values.metrics.tokenSecret }}
- name: metrics
  mountPath: /run/secrets/holdfast/metrics
  readOnly: true
{{- end }}
{{- end -}}

{{/* All volumes but data. */}}
{{- define "holdfast.volumes" -}}
- name: config
  configMap:
    name: {{ include "holdfast.fullname" . }}
- name: tmp
  emptyDir:
    medium: Memory
    sizeLimit: 64Mi
{{- if .Values.database.existingSecret }}
- name: database
  secret:
    secretName: {{ .Values.database.existingSecret }}
    defaultMode: 0440
    items:
      - key: {{ .Values.database.key }}
        path: url
{{- if .Values.database.caSecret }}
- name: ca
  secret:
    secretName: {{ .Values.database.caSecret }}
    items:
      - key: {{ .Values.database.caKey }}
        path: ca.crt
{{- else if .Values.database.caConfigMap }}
- name: ca
  configMap:
    name: {{ .Values.database.caConfigMap }}
    items:
      - key: {{ .Values.database.caKey }}
        path: ca.crt
{{- end }}
{{- end }}
{{- if .Values.metrics.tokenSecret }}
- name: metrics
  secret:
    secretName: {{ .Values.metrics.tokenSecret }}
    defaultMode: 0440
    items:
      - key: {{ .Values.metrics.tokenKey }}
        path: token
{{- end }}
{{- end -}}

{{/* The data of a job: the volume of SQLite, or room for the moment. */}}
{{- define "holdfast.jobData" -}}
- name: data
  {{- if .Values.database.existingSecret }}
  emptyDir: {}
  {{- else }}
  persistentVolumeClaim:
    claimName: data-{{ include "holdfast.fullname" . }}-0
  {{- end }}
{{- end -}}

{{/* A job that opens the file of SQLite has to run where the service does. */}}
{{- define "holdfast.jobAffinity" -}}
{{- if not .Values.database.existingSecret }}
affinity:
  podAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "holdfast.selector" . | nindent 12 }}
            app.kubernetes.io/component: service
{{- else }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The pod of the service, the same in a Deployment and in a StatefulSet. */}}
{{- define "holdfast.pod" -}}
metadata:
  labels:
    {{- include "holdfast.labels" . | nindent 4 }}
    app.kubernetes.io/component: service
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ .Values.config | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "holdfast.serviceAccount" . }}
  automountServiceAccountToken: false
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  securityContext:
    {{- include "holdfast.podSecurity" . | nindent 4 }}
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- if and .Values.localIssuer.enabled .Values.localIssuer.existingSecret }}
  initContainers:
    - name: key
      image: {{ .Values.localIssuer.copyImage }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      command:
        - sh
        - -ceu
        - |
          umask 077
          mkdir -p /var/lib/holdfast/data
          cp /run/secrets/holdfast/key/local-issuer.key /var/lib/holdfast/data/local-issuer.key.new
          mv /var/lib/holdfast/data/local-issuer.key.new /var/lib/holdfast/data/local-issuer.key
      securityContext:
        {{- include "holdfast.containerSecurity" . | nindent 8 }}
      resources:
        requests:
          cpu: 10m
          memory: 16Mi
        limits:
          memory: 32Mi
      volumeMounts:
        - name: data
          mountPath: /var/lib/holdfast
        - name: key
          mountPath: /run/secrets/holdfast/key
          readOnly: true
  {{- end }}
  containers:
    - name: holdfast
      image: {{ include "holdfast.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [serve]
      env:
        {{- include "holdfast.env" . | nindent 8 }}
      ports:
        - name: http
          containerPort: 8080
      # The port opens when the schema is up to date, which may take a while after an upgrade.
      startupProbe:
        httpGet:
          path: /livez
          port: http
        periodSeconds: 2
        failureThreshold: 300
      livenessProbe:
        httpGet:
          path: /livez
          port: http
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet:
          path: /readyz
          port: http
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      securityContext:
        {{- include "holdfast.containerSecurity" . | nindent 8 }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        {{- include "holdfast.mounts" . | nindent 8 }}
  volumes:
    {{- include "holdfast.volumes" . | nindent 4 }}
    {{- if and .Values.localIssuer.enabled .Values.localIssuer.existingSecret }}
    - name: key
      secret:
        secretName: {{ .Values.localIssuer.existingSecret }}
        defaultMode: 0440
    {{- end }}
    {{- if .Values.database.existingSecret }}
    - name: data
      emptyDir: {}
    {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- if .Values.database.existingSecret }}
  topologySpreadConstraints:
    {{- with .Values.topologySpreadConstraints }}
    {{- toYaml . | nindent 4 }}
    {{- else }}
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "holdfast.selector" . | nindent 10 }}
          app.kubernetes.io/component: service
    {{- end }}
  {{- end }}
{{- end -}}
