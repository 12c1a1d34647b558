package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/validation"
)

// facts are the complaints about the objects of one release.
type facts struct {
	objects     []meta.Object
	deployment  *apps.Deployment
	container   core.Container
	services    []*core.Service
	operatorsAt int32 // 0 where the operators' port is closed
	errs        []error
}

const operators = "operators"

// hold says everything that is not as it must be: what the types cannot say.
func hold(objects []meta.Object) error {
	f := &facts{objects: objects}
	names := map[string]bool{}
	for _, o := range objects {
		f.object(o)
		name := fmt.Sprintf("%T %s", o, o.GetName())
		f.must(!names[name], "%s is there twice", name)
		names[name] = true
		switch o := o.(type) {
		case *apps.Deployment:
			f.must(f.deployment == nil, "there are two Deployments")
			f.deployment = o
		case *core.Service:
			f.services = append(f.services, o)
		}
	}
	if f.deployment == nil || len(f.deployment.Spec.Template.Spec.Containers) != 1 {
		return errors.Join(append(f.errs, errors.New("there is no Deployment with one container"))...)
	}
	f.container = f.deployment.Spec.Template.Spec.Containers[0]
	for _, p := range f.container.Ports {
		if p.Name == operators {
			f.operatorsAt = p.ContainerPort
		}
	}
	f.pod()
	f.unprivileged()
	f.probes()
	f.environment()
	f.volumes()
	f.shape()
	for _, o := range objects {
		switch o := o.(type) {
		case *core.Service:
			f.service(o)
		case *networking.Ingress:
			f.ingress(o)
		case *networking.NetworkPolicy:
			f.network(o)
		case *policy.PodDisruptionBudget:
			f.disruption(o)
		case *serviceMonitor:
			f.monitor(o)
		case *prometheusRule:
			f.rules(o)
		}
	}
	return errors.Join(f.errs...)
}

func (f *facts) must(holds bool, format string, args ...any) {
	if !holds {
		f.errs = append(f.errs, fmt.Errorf(format, args...))
	}
}

// object holds name and labels of anything.
func (f *facts) object(o meta.Object) {
	kind := strings.TrimPrefix(fmt.Sprintf("%T", o), "*")
	f.must(len(validation.IsDNS1035Label(o.GetName())) == 0, "%s: %q is no name that every kind takes", kind, o.GetName())
	for _, key := range []string{"name", "instance", "version", "managed-by"} {
		f.must(o.GetLabels()["app.kubernetes.io/"+key] != "", "%s %s has no label app.kubernetes.io/%s", kind, o.GetName(), key)
	}
	for key, value := range o.GetLabels() {
		f.must(len(validation.IsQualifiedName(key)) == 0 && len(validation.IsValidLabelValue(value)) == 0, "%s %s: %s: %s is no label", kind, o.GetName(), key, value)
	}
}

// selects holds that a selector, which must not be empty, finds the Pods.
func (f *facts) selects(what string, selector *meta.LabelSelector) {
	s, err := meta.LabelSelectorAsSelector(selector)
	f.must(err == nil && !s.Empty() && s.Matches(labels.Set(f.deployment.Spec.Template.Labels)), "%s does not select the Pods: %v", what, s)
}

func (f *facts) pod() {
	pod := f.deployment.Spec.Template.Spec
	f.selects("the Deployment", f.deployment.Spec.Selector)
	for _, spread := range pod.TopologySpreadConstraints {
		f.selects("spread by "+spread.TopologyKey, spread.LabelSelector)
		f.must(spread.WhenUnsatisfiable == core.ScheduleAnyway, "spread by %s keeps Pods from running", spread.TopologyKey)
	}
	f.must(pod.TerminationGracePeriodSeconds != nil && *pod.TerminationGracePeriodSeconds >= 40, "a server needs 40 seconds to end")
	f.must(pod.AutomountServiceAccountToken != nil && !*pod.AutomountServiceAccountToken, "the Pod has a token of the cluster")
	f.must(!pod.HostNetwork && !pod.HostPID && !pod.HostIPC, "the Pod is part of its machine")
	f.must(len(pod.InitContainers) == 0 && len(pod.EphemeralContainers) == 0, "there are containers that are not looked at")
	limit := f.container.Resources.Limits.Memory()
	f.must(!limit.IsZero(), "the container has no limit of memory")
	f.must(!f.container.Resources.Requests.Memory().IsZero(), "the container requests no memory")
	f.must(regexp.MustCompile(`(:[^:@/]+|@sha256:[0-9a-f]{64})$`).MatchString(f.container.Image) && !strings.HasSuffix(f.container.Image, ":latest"), "the image %s is any", f.container.Image)
}

// unprivileged holds that nobody gets out of the container.
func (f *facts) unprivileged() {
	pod, c := f.deployment.Spec.Template.Spec.SecurityContext, f.container.SecurityContext
	if pod == nil || c == nil {
		f.must(false, "the Pod or its container has no securityContext")
		return
	}
	yes := func(b *bool) bool { return b != nil && *b }
	f.must(yes(pod.RunAsNonRoot) && yes(c.RunAsNonRoot), "the container may run as root")
	const user = 65532 // of the image
	f.must(pod.RunAsUser != nil && *pod.RunAsUser == user && c.RunAsUser == nil && pod.RunAsGroup != nil && *pod.RunAsGroup == user && c.RunAsGroup == nil, "the container does not run as %d", user)
	f.must(pod.FSGroup != nil && *pod.FSGroup == user, "the container cannot write to its volume")
	f.must(pod.SeccompProfile != nil && pod.SeccompProfile.Type == core.SeccompProfileTypeRuntimeDefault && c.SeccompProfile == nil, "the container may make any system call")
	f.must(yes(c.ReadOnlyRootFilesystem), "the container's root file system can be written to")
	f.must(c.AllowPrivilegeEscalation != nil && !*c.AllowPrivilegeEscalation && !yes(c.Privileged), "the container may get more rights")
	f.must(c.Capabilities != nil && slices.Equal(c.Capabilities.Drop, []core.Capability{"ALL"}) && len(c.Capabilities.Add) == 0, "the container has capabilities")
}

func (f *facts) probes() {
	for _, p := range []struct {
		name, path string
		probe      *core.Probe
	}{{"startup", "/healthz", f.container.StartupProbe}, {"liveness", "/healthz", f.container.LivenessProbe}, {"readiness", "/readyz", f.container.ReadinessProbe}} {
		if p.probe == nil || p.probe.HTTPGet == nil {
			f.must(false, "there is no %s probe", p.name)
			continue
		}
		f.must(p.probe.HTTPGet.Path == p.path, "the %s probe asks %s, not %s", p.name, p.probe.HTTPGet.Path, p.path)
		f.must(f.port(p.probe.HTTPGet.Port) == 8080, "the %s probe asks another port", p.name)
	}
	if p := f.container.StartupProbe; p != nil {
		f.must(p.FailureThreshold*p.PeriodSeconds >= 5*60, "the start may take 5 minutes")
	}
}

// port is the number that a name or a number of a port stands for, 0 for none.
func (f *facts) port(p intstr.IntOrString) int32 {
	for _, c := range f.container.Ports {
		if p == intstr.FromString(c.Name) || p == intstr.FromInt32(c.ContainerPort) {
			return c.ContainerPort
		}
	}
	return 0
}

var (
	secretNames = regexp.MustCompile(`(PASSWORD|SECRET|TOKEN|PRIVATE_KEY|PASSPHRASE)$`)
	withUser    = regexp.MustCompile(`://[^/]*@|PRIVATE KEY`)
)

// environment holds that each variable is there once and that no secret is written out.
func (f *facts) environment() {
	f.must(len(f.container.EnvFrom) == 0, "variables come from where nobody sees their names")
	seen := map[string]core.EnvVar{}
	for _, e := range f.container.Env {
		_, twice := seen[e.Name]
		f.must(!twice, "%s is set twice", e.Name)
		seen[e.Name] = e
		f.must(!withUser.MatchString(e.Value) && (e.Value == "" || !secretNames.MatchString(e.Name)), "%s has a secret written out", e.Name)
	}
	for _, name := range []string{"BONAFIDE_PUBLIC_URL", "BONAFIDE_CREDENTIALS", "BONAFIDE_DATABASE", "GOMEMLIMIT"} {
		_, set := seen[name]
		f.must(set, "%s is not set", name)
	}
	var mebibytes int64
	_, err := fmt.Sscanf(seen["GOMEMLIMIT"].Value, "%dMiB", &mebibytes)
	limit := f.container.Resources.Limits.Memory().Value()
	f.must(err == nil && mebibytes<<20 <= limit*4/5 && mebibytes<<20 > limit*3/4, "GOMEMLIMIT %s is not four fifths of the limit of memory", seen["GOMEMLIMIT"].Value)
	listen, open := seen["BONAFIDE_OPERATOR_LISTEN"]
	f.must(open == (f.operatorsAt != 0), "the operators' port is open and not declared, or the other way round")
	f.must(!open || listen.Value == fmt.Sprintf("0.0.0.0:%d", f.operatorsAt), "operators are listened for at %s", listen.Value)
}

// volumes holds that what is mounted is there, and where a server may write.
func (f *facts) volumes() {
	volumes := map[string]core.Volume{}
	for _, v := range f.deployment.Spec.Template.Spec.Volumes {
		volumes[v.Name] = v
		f.must(v.HostPath == nil, "the volume %s is a folder of the machine", v.Name)
		var mode *int32
		switch {
		case v.Secret != nil:
			mode = v.Secret.DefaultMode
		case v.ConfigMap != nil:
			mode = v.ConfigMap.DefaultMode
		default:
			f.must(v.EmptyDir != nil || v.PersistentVolumeClaim != nil, "the volume %s is of a kind that is not looked at", v.Name)
			continue
		}
		f.must(mode != nil && *mode == 0o440, "the files of %s are for others, too, or not for the server", v.Name)
	}
	paths := map[string]core.VolumeMount{}
	for _, m := range f.container.VolumeMounts {
		_, there := volumes[m.Name]
		f.must(there, "the volume %s is mounted and is not there", m.Name)
		_, twice := paths[m.MountPath]
		f.must(!twice, "two volumes are mounted at %s", m.MountPath)
		paths[m.MountPath] = m
		f.must(m.ReadOnly == strings.HasPrefix(m.MountPath, "/etc/"), "%s can be written to, or cannot", m.MountPath)
	}
	f.must(len(volumes) == len(paths), "there are volumes that are not mounted")
	for _, path := range []string{"/data", "/tmp", "/etc/bonafide/credentials"} {
		_, there := paths[path]
		f.must(there, "nothing is mounted at %s", path)
	}
	f.must(volumes["credentials"].Secret != nil, "the credentials are in no Secret")
	for _, e := range f.container.Env {
		if strings.HasPrefix(e.Value, "/etc/bonafide/") {
			f.must(slices.ContainsFunc(f.container.VolumeMounts, func(m core.VolumeMount) bool {
				return e.Value == m.MountPath || strings.HasPrefix(e.Value, m.MountPath+"/")
			}), "%s is at %s, where nothing is mounted", e.Name, e.Value)
		}
	}
}

// shape holds that a volume has one server, and several servers a database of their own.
func (f *facts) shape() {
	replicas, claimed := int32(1), false
	if r := f.deployment.Spec.Replicas; r != nil {
		replicas = *r
	}
	for _, v := range f.deployment.Spec.Template.Spec.Volumes {
		claimed = claimed || v.PersistentVolumeClaim != nil
	}
	for _, e := range f.container.Env {
		if e.Name == "BONAFIDE_DATABASE" {
			f.must(claimed == (e.ValueFrom == nil), "the database is in no volume, or its address in no Secret")
			f.must(claimed || e.ValueFrom != nil && e.ValueFrom.SecretKeyRef != nil, "the database's address is in no Secret")
		}
	}
	if claimed {
		f.must(replicas == 1 && f.deployment.Spec.Strategy.Type == apps.RecreateDeploymentStrategyType, "two servers can have one volume")
		return
	}
	rolling := f.deployment.Spec.Strategy.RollingUpdate
	f.must(f.deployment.Spec.Strategy.Type == apps.RollingUpdateDeploymentStrategyType && rolling != nil &&
		rolling.MaxUnavailable != nil && rolling.MaxUnavailable.IntValue() == 0, "an update leaves a gap")
	budget := slices.ContainsFunc(f.objects, func(o meta.Object) bool { _, is := o.(*policy.PodDisruptionBudget); return is })
	f.must(budget == (replicas > 1), "a budget of disruptions is for two and more")
}

func (f *facts) service(s *core.Service) {
	f.selects("the Service "+s.Name, &meta.LabelSelector{MatchLabels: s.Spec.Selector})
	for _, p := range s.Spec.Ports {
		at := f.port(p.TargetPort)
		f.must(at != 0, "the Service %s leads to a port that is not there", s.Name)
		f.must(at != f.operatorsAt || len(s.Spec.Ports) == 1 && s.Spec.ClusterIP == core.ClusterIPNone, "the Service %s shows the operators' port to others", s.Name)
	}
}

func (f *facts) ingress(i *networking.Ingress) {
	var secured []string
	for _, t := range i.Spec.TLS {
		f.must(t.SecretName != "", "the Ingress has no certificate")
		secured = append(secured, t.Hosts...)
	}
	f.must(len(i.Spec.Rules) > 0 && i.Spec.DefaultBackend == nil, "the Ingress is for no host, or for every one")
	for _, r := range i.Spec.Rules {
		f.must(len(validation.IsDNS1123Subdomain(r.Host)) == 0 && slices.Contains(secured, r.Host), "%q is no host, or one without TLS", r.Host)
		f.must(r.HTTP != nil && len(r.HTTP.Paths) == 1, "the Ingress leads nowhere")
		if r.HTTP == nil {
			continue
		}
		for _, p := range r.HTTP.Paths {
			f.must(p.Backend.Service != nil && slices.ContainsFunc(f.services, func(s *core.Service) bool {
				return s.Name == p.Backend.Service.Name && slices.ContainsFunc(s.Spec.Ports, func(port core.ServicePort) bool {
					return port.Name == p.Backend.Service.Port.Name && f.port(port.TargetPort) == 8080
				})
			}), "the Ingress does not lead to the web port")
		}
	}
}

func (f *facts) network(n *networking.NetworkPolicy) {
	f.selects("the NetworkPolicy", &n.Spec.PodSelector)
	f.must(slices.Contains(n.Spec.PolicyTypes, networking.PolicyTypeIngress) && slices.Contains(n.Spec.PolicyTypes, networking.PolicyTypeEgress), "the NetworkPolicy is for one direction")
	reached := map[int32]bool{}
	for _, in := range n.Spec.Ingress {
		f.must(len(in.From) > 0 && len(in.Ports) == 1, "a way in is for everybody, or to every port")
		for _, p := range in.Ports {
			f.must(p.Port != nil && f.port(*p.Port) != 0, "a way in leads to a port that is not there")
			if p.Port != nil {
				reached[f.port(*p.Port)] = true
			}
		}
	}
	f.must(reached[8080] && (f.operatorsAt == 0 || reached[f.operatorsAt]), "nothing reaches a port")
	names := false
	for _, out := range n.Spec.Egress {
		f.must(len(out.To) > 0 && len(out.Ports) > 0, "a way out leads everywhere")
		for _, p := range out.Ports {
			names = names || p.Port != nil && p.Port.IntValue() == 53
		}
	}
	f.must(names && len(n.Spec.Egress) >= 2, "names cannot be asked for, or nothing else can be reached")
}

// disruption holds that one Pod, and not all, can be taken away.
func (f *facts) disruption(p *policy.PodDisruptionBudget) {
	f.selects("the PodDisruptionBudget", p.Spec.Selector)
	f.must(p.Spec.MinAvailable == nil && p.Spec.MaxUnavailable != nil && *p.Spec.MaxUnavailable == intstr.FromInt32(1), "the PodDisruptionBudget lets none or several Pods go")
}

// monitor holds that exactly one Service is found, with the port.
func (f *facts) monitor(m *serviceMonitor) {
	selector, err := meta.LabelSelectorAsSelector(&m.Spec.Selector)
	f.must(err == nil && !selector.Empty(), "the ServiceMonitor selects everything")
	var ports []string
	for _, s := range f.services {
		if err == nil && selector.Matches(labels.Set(s.Labels)) {
			for _, p := range s.Spec.Ports {
				ports = append(ports, p.Name)
			}
		}
	}
	f.must(len(m.Spec.Endpoints) == 1 && slices.Equal(ports, []string{m.Spec.Endpoints[0].Port}) && m.Spec.Endpoints[0].Path == "/metrics", "the ServiceMonitor does not find the metrics")
	job := relabeling{Action: "replace", TargetLabel: "job", Replacement: "bonafide"}
	f.must(len(m.Spec.Endpoints) == 1 && slices.Contains(m.Spec.Endpoints[0].Relabelings, job), "the job is not bonafide, which the alerts ask for")
}

func (f *facts) rules(r *prometheusRule) {
	alerts := 0
	for _, g := range r.Spec.Groups {
		f.must(g.Name != "", "a group of rules has no name")
		for _, rule := range g.Rules {
			f.must(rule.Expr != "" && (rule.Alert == "") != (rule.Record == ""), "a rule of %s is neither an alert nor a record", g.Name)
			if rule.Alert != "" {
				alerts++
			}
		}
	}
	f.must(alerts > 0, "the PrometheusRule has no alerts")
}
