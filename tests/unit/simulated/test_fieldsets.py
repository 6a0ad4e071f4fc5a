"""managedFields: what is taken from an object, and that FieldsV1 can be read back."""

from embedded.simulated import fieldsets

POD = {
    "metadata": {"name": "p", "labels": {"app": "web"}, "finalizers": ["a/b"]},
    "spec": {
        "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 80}], "args": ["x", "y"]}],
        "nodeSelector": {"disk": "ssd"},
    },
}


def test_fields_are_written_as_the_api_does() -> None:
    assert fieldsets.encode(set(fieldsets.of(POD))) == {
        "f:metadata": {"f:labels": {"f:app": {}}, "f:finalizers": {'v:"a/b"': {}}},
        "f:spec": {
            "f:containers": {
                'k:{"name":"c"}': {
                    ".": {},
                    "f:name": {},
                    "f:image": {},
                    "f:args": {},
                    "f:ports": {
                        'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}},
                    },
                }
            },
            "f:nodeSelector": {},
        },
    }


def test_what_was_written_can_be_read() -> None:
    fields = set(fieldsets.of(POD))
    assert fieldsets.decode(fieldsets.encode(fields)) == fields


def test_paths_are_worded_for_people() -> None:
    field = ("f:spec", "f:containers", 'k:{"name":"c"}', "f:image")
    assert fieldsets.path_text(field) == '.spec.containers[name="c"].image'


def test_removing_the_last_field_removes_what_held_it() -> None:
    tree = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c"}, {"name": "d"}]}}
    fieldsets.remove(tree, ("f:metadata", "f:labels", "f:app"))
    fieldsets.remove(tree, ("f:spec", "f:containers", 'k:{"name":"c"}'))
    assert tree == {"spec": {"containers": [{"name": "d"}]}}
