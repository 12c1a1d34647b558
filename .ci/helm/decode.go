package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	documents "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// maxManifest holds any manifest of a chart; its longest is a hundredth of that.
const maxManifest = 1 << 20

// empty gives an object of a kind to decode into, nil where the chart must not have any.
func empty(kind meta.TypeMeta) meta.Object {
	switch kind {
	case meta.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}:
		return &apps.Deployment{}
	case meta.TypeMeta{APIVersion: "v1", Kind: "Service"}:
		return &core.Service{}
	case meta.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"}:
		return &core.PersistentVolumeClaim{}
	case meta.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "Ingress"}:
		return &networking.Ingress{}
	case meta.TypeMeta{APIVersion: "networking.k8s.io/v1", Kind: "NetworkPolicy"}:
		return &networking.NetworkPolicy{}
	case meta.TypeMeta{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}:
		return &policy.PodDisruptionBudget{}
	case meta.TypeMeta{APIVersion: "monitoring.coreos.com/v1", Kind: "ServiceMonitor"}:
		return &serviceMonitor{}
	case meta.TypeMeta{APIVersion: "monitoring.coreos.com/v1", Kind: "PrometheusRule"}:
		return &prometheusRule{}
	}
	return nil
}

// decode reads manifests strictly: an unknown field, one that is there twice, another
// capitalisation and a wrong type are errors, as is a kind that the chart must not have.
func decode(in io.Reader) (objects []meta.Object, err error) {
	reader := documents.NewYAMLReader(bufio.NewReader(io.LimitReader(in, 64*maxManifest)))
	var errs []error
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("manifests: %w", err)
		}
		if len(text) > maxManifest {
			return nil, fmt.Errorf("a manifest has more than %d bytes", maxManifest)
		}
		object, err := decodeOne(text)
		switch {
		case err != nil:
			errs = append(errs, err)
		case object != nil:
			objects = append(objects, object)
		}
	}
	if len(objects) == 0 && len(errs) == 0 {
		return nil, errors.New("there are no manifests")
	}
	return objects, errors.Join(errs...)
}

// decodeOne gives nil for a document in which there is nothing but comments.
func decodeOne(text []byte) (meta.Object, error) {
	data, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, fmt.Errorf("a manifest does not read: %w", err)
	}
	if bytes.Equal(data, []byte("null")) {
		return nil, nil
	}
	var kind meta.TypeMeta
	if err := json.UnmarshalCaseSensitivePreserveInts(data, &kind); err != nil {
		return nil, fmt.Errorf("a manifest has no kind: %w", err)
	}
	object := empty(kind)
	if object == nil {
		return nil, fmt.Errorf("%s %s has no place in the chart", kind.APIVersion, kind.Kind)
	}
	strict, err := json.UnmarshalStrict(data, object)
	if err := errors.Join(append(strict, err)...); err != nil {
		return nil, fmt.Errorf("%s %s: %w", kind.Kind, object.GetName(), err)
	}
	return object, nil
}
