# SPDX-License-Identifier: Apache-2.0
"""A CloudFormation template as the service would read it: loaded, its parameters held against their
rules, its functions resolved to plain values.

Only the functions that deploy/ uses are known; another one is an error, not a silent pass.
"""

import re

import yaml

NO_VALUE = object()
PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::NoValue": NO_VALUE,
}


class TemplateError(Exception):
    """The template, or what it is given, would be refused."""


class Loader(yaml.SafeLoader):
    """YAML with the short forms: !Ref, !Sub and so on."""


def short_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else "Fn::" + suffix: value}


Loader.add_multi_constructor("!", short_form)


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, Loader)  # a subclass of SafeLoader


def parameter_value(name, rule, text):
    """@text as the parameter's value, or TemplateError."""
    text = str(text)
    if "AllowedPattern" in rule and not re.fullmatch(rule["AllowedPattern"], text):
        raise TemplateError(f"{name}: {text!r} does not match {rule['AllowedPattern']}")
    if "AllowedValues" in rule and text not in map(str, rule["AllowedValues"]):
        raise TemplateError(f"{name}: {text!r} is none of {rule['AllowedValues']}")
    if rule["Type"] == "Number":
        number = float(text)
        if not rule.get("MinValue", number) <= number <= rule.get("MaxValue", number):
            raise TemplateError(f"{name}: {number} is out of range")
        return int(number) if number.is_integer() else number
    if rule["Type"].startswith("List<"):
        return text.split(",")
    return text


class Stack:
    """A template with its parameters. What its resources became (their Ref and GetAtt) is filled in
    by whoever creates them, in the order of creation()."""

    def __init__(self, template, name, parameters, exports=()):
        self.template, self.name = template, name
        self.exports = dict(exports)
        self.refs, self.attributes = {}, {}
        self.values = dict(PSEUDO)
        self.values["AWS::StackName"] = name
        rules = template.get("Parameters", {})
        unknown = set(parameters) - set(rules)
        if unknown:
            raise TemplateError(f"no such parameter: {', '.join(sorted(unknown))}")
        for key, rule in rules.items():
            if key not in parameters and "Default" not in rule:
                raise TemplateError(f"parameter {key} is required")
            given = parameters.get(key, rule.get("Default"))
            self.values[key] = parameter_value(key, rule, given)

    def condition(self, name):
        return self.resolve(self.template["Conditions"][name])

    def properties(self, logical):
        return self.resolve(self.template["Resources"][logical].get("Properties", {}))

    def outputs(self):
        return {name: self.resolve(out["Value"])
                for name, out in self.template.get("Outputs", {}).items()}

    def exported(self):
        return {self.resolve(out["Export"]["Name"]): self.resolve(out["Value"])
                for out in self.template.get("Outputs", {}).values() if "Export" in out}

    def creation(self):
        """Logical names, each behind those that it refers to."""
        order, open_ = [], set()

        def visit(logical):
            if logical in order:
                return
            if logical in open_:
                raise TemplateError(f"{logical} refers to itself in a circle")
            open_.add(logical)
            for other in sorted(references(self.template["Resources"][logical])):
                if other in self.template["Resources"]:
                    visit(other)
            order.append(logical)

        for logical in self.template["Resources"]:
            visit(logical)
        return order

    def resolve(self, value):
        if isinstance(value, list):
            found = [self.resolve(item) for item in value]
            return [item for item in found if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (key, argument), = value.items()
            if key == "Ref":
                return self.ref(argument)
            if key.startswith("Fn::"):
                function = getattr(self, "fn_" + key[4:].lower(), None)
                if not function:
                    raise TemplateError(f"{key} is not known here")
                return function(argument)
        found = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item is not NO_VALUE}

    def ref(self, name):
        for known in (self.values, self.refs):
            if name in known:
                return known[name]
        raise TemplateError(f"Ref to {name}, which does not exist (yet)")

    def fn_getatt(self, argument):
        logical, attribute = argument
        try:
            return self.attributes[logical][attribute]
        except KeyError:
            raise TemplateError(f"no attribute {logical}.{attribute}") from None

    def fn_sub(self, argument):
        def one(match):
            name = match.group(1)
            found = self.fn_getatt(name.split(".", 1)) if "." in name else self.ref(name)
            return str(found)

        return re.sub(r"\$\{([^!}][^}]*)\}", one, argument)

    def fn_join(self, argument):
        glue, parts = argument
        return glue.join(map(str, self.resolve(parts)))

    def fn_split(self, argument):
        glue, text = argument
        return self.resolve(text).split(glue)

    def fn_if(self, argument):
        name, yes, no = argument
        return self.resolve(yes if self.condition(name) else no)

    def fn_equals(self, argument):
        left, right = self.resolve(argument)
        return str(left) == str(right)

    def fn_not(self, argument):
        return not self.resolve(argument)[0]

    def fn_importvalue(self, argument):
        name = self.resolve(argument)
        if name not in self.exports:
            raise TemplateError(f"no stack exports {name}")
        return self.exports[name]


def references(value):
    """Names that @value refers to: resources, parameters and pseudo parameters."""
    if isinstance(value, list):
        return set().union(*map(references, value))
    if not isinstance(value, dict):
        return set()
    found = set()
    for key, item in value.items():
        if key == "Ref":
            found.add(item)
        elif key == "Fn::GetAtt":
            found.add(item[0])
        elif key == "Fn::Sub":
            found |= {n.split(".")[0] for n in re.findall(r"\$\{([^!}][^}]*)\}", item)}
        elif key == "DependsOn":
            found |= {item} if isinstance(item, str) else set(item)
        else:
            found |= references(item)
    return found
