//! IAM policies, and what they say of a request: of identities, of keys, and of who may take a role on. An element, an
//! operator or a key that is not known here is refused, so that nobody relies on a guess.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The action, as `dynamodb:GetItem`.
    pub action: String,
    /// The ARN of what it is asked of.
    pub resource: String,
    /// The condition keys that the request has, each with its values.
    pub context: BTreeMap<String, Vec<String>>,
}

impl Access {
    /// An action on a resource, with no condition keys.
    #[must_use]
    pub fn new(action: &str, resource: &str) -> Self {
        Self { action: action.to_owned(), resource: resource.to_owned(), context: BTreeMap::new() }
    }

    /// The same with a condition key.
    #[must_use]
    pub fn with(mut self, key: &str, values: &[&str]) -> Self {
        self.context.insert(key.to_owned(), values.iter().map(|value| (*value).to_owned()).collect());
        self
    }
}

/// What policies say of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A statement allows it, and none denies it.
    Allowed,
    /// A statement denies it, whatever the others say.
    Denied,
    /// No statement is about it, so it is not allowed.
    Unsaid,
}

/// A statement of a policy.
#[derive(Debug, Clone)]
pub struct Statement {
    allows: bool,
    /// Whom it is about, in the policy of a resource: `AWS` or `Service`, and who.
    principals: Vec<(String, String)>,
    /// Patterns of actions.
    pub actions: Vec<String>,
    /// Patterns of ARNs.
    pub resources: Vec<String>,
    conditions: Vec<Condition>,
}

/// A condition of a statement.
#[derive(Debug, Clone)]
struct Condition {
    operator: Operator,
    key: String,
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    /// The key's one value is one of these.
    Equals,
    /// The key's one value fits one of these patterns.
    Like,
    /// Each of the key's values is one of these. So it holds where there are none.
    AllEqual,
    /// The same with patterns.
    AllLike,
    /// The key is not there, or it is.
    Null,
}

/// Reads a policy's statements.
///
/// # Errors
///
/// Says what is not known here.
pub fn statements(policy: &Value) -> Result<Vec<Statement>, String> {
    known(policy, &["Version", "Id", "Statement"])?;
    if policy["Version"] != "2012-10-17" {
        return Err(format!("a version of the language that is not known here: {}", policy["Version"]));
    }
    many(&policy["Statement"]).iter().map(statement).collect()
}

fn statement(value: &Value) -> Result<Statement, String> {
    let elements = known(value, &["Sid", "Effect", "Principal", "Action", "Resource", "Condition"])?;
    let allows = match &value["Effect"] {
        effect if effect == "Allow" => true,
        effect if effect == "Deny" => false,
        other => return Err(format!("an effect that is not known here: {other}")),
    };
    let mut principals = Vec::new();
    match elements.get("Principal") {
        None => {}
        Some(Value::String(all)) if all == "*" => principals.push(("*".to_owned(), "*".to_owned())),
        Some(given) => {
            for (kind, names) in known(given, &["AWS", "Service"])? {
                principals.extend(texts(names)?.into_iter().map(|name| (kind.clone(), name)));
            }
        }
    }
    let mut conditions = Vec::new();
    for (operator, keys) in value["Condition"].as_object().into_iter().flatten() {
        let operator = match operator.as_str() {
            "StringEquals" => Operator::Equals,
            // An ARN's six parts are compared one by one. In ours no pattern reaches from one into another.
            "StringLike" | "ArnLike" => Operator::Like,
            "ForAllValues:StringEquals" => Operator::AllEqual,
            "ForAllValues:StringLike" => Operator::AllLike,
            "Null" => Operator::Null,
            other => return Err(format!("an operator that is not known here: {other}")),
        };
        for (key, values) in keys.as_object().ok_or_else(|| format!("conditions that are no map: {keys}"))? {
            if !is_known(key) {
                return Err(format!("a condition key that is not known here: {key}"));
            }
            conditions.push(Condition { operator, key: key.clone(), values: texts(values)? });
        }
    }
    let actions = texts(elements.get("Action").ok_or("a statement without actions")?)?;
    let resources = elements.get("Resource").map_or(Ok(Vec::new()), texts)?;
    Ok(Statement { allows, principals, actions, resources, conditions })
}

/// The condition keys that a request here is known to have, or not to have.
fn is_known(key: &str) -> bool {
    key.starts_with("kms:EncryptionContext:")
        || [
            "aws:SourceAccount",
            "aws:SourceArn",
            "dynamodb:EnclosingOperation",
            "dynamodb:LeadingKeys",
            "kms:EncryptionContextKeys",
            "kms:RequestAlias",
        ]
        .contains(&key)
}

fn known<'a>(value: &'a Value, names: &[&str]) -> Result<&'a Map<String, Value>, String> {
    let members = value.as_object().ok_or_else(|| format!("no map: {value}"))?;
    match members.keys().find(|name| !names.contains(&name.as_str())) {
        Some(name) => Err(format!("an element that is not known here: {name}")),
        None => Ok(members),
    }
}

fn many(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn texts(value: &Value) -> Result<Vec<String>, String> {
    let text = |value: &Value| {
        let text = value.as_str().filter(|text| !text.contains("${")).map(str::to_owned);
        text.ok_or_else(|| format!("neither a text nor a list of them: {value}"))
    };
    many(value).iter().map(text).collect()
}

/// What a policy of an identity says.
#[must_use]
pub fn verdict(statements: &[Statement], access: &Access) -> Verdict {
    decided(statements.iter().filter(|statement| statement.is_about(access)))
}

/// What a policy of a resource says of this principal, as `("AWS", "arn:…")`.
#[must_use]
pub fn verdict_for(statements: &[Statement], principal: (&str, &str), access: &Access) -> Verdict {
    let is_named =
        |(kind, name): &(String, String)| kind == "*" || (kind.as_str(), name.as_str()) == principal;
    decided(
        statements
            .iter()
            .filter(|statement| statement.principals.iter().any(is_named) && statement.is_about(access)),
    )
}

fn decided<'a>(about: impl Iterator<Item = &'a Statement>) -> Verdict {
    about.fold(Verdict::Unsaid, |verdict, statement| {
        if verdict == Verdict::Denied || !statement.allows { Verdict::Denied } else { Verdict::Allowed }
    })
}

impl Statement {
    /// True if the action, the resource and the conditions are those of the request. The policy that says who may take a
    /// role on names no resource: it is the role's own.
    fn is_about(&self, access: &Access) -> bool {
        // The names of actions are compared without their case, ARNs with it.
        let action = access.action.to_lowercase();
        self.actions.iter().any(|pattern| fits(&pattern.to_lowercase(), &action))
            && (self.resources.is_empty()
                || self.resources.iter().any(|pattern| fits(pattern, &access.resource)))
            && self.conditions.iter().all(|condition| condition.holds(access))
    }

    /// The same statement as its smallest parts: one action, one resource, and of each condition's values one.
    pub(super) fn parts(&self) -> Vec<Self> {
        let mut parts = vec![self.clone()];
        let each =
            |parts: Vec<Self>, change: &dyn Fn(&Self) -> Vec<Self>| parts.iter().flat_map(change).collect();
        parts = each(parts, &|part| {
            let one = |action: &String| Self { actions: vec![action.clone()], ..part.clone() };
            part.actions.iter().map(one).collect()
        });
        parts = each(parts, &|part| {
            let one = |resource: &String| Self { resources: vec![resource.clone()], ..part.clone() };
            part.resources.iter().map(one).collect()
        });
        for (at, condition) in self.conditions.iter().enumerate() {
            if matches!(condition.operator, Operator::Equals | Operator::Like) {
                parts = each(parts, &|part| {
                    let one = |value: &String| {
                        let mut one = part.clone();
                        one.conditions[at].values = vec![value.clone()];
                        one
                    };
                    condition.values.iter().map(one).collect()
                });
            }
        }
        parts
    }

    /// Its conditions in words.
    #[must_use]
    pub fn conditions(&self) -> String {
        let words = |condition: &Condition| {
            let how = match condition.operator {
                Operator::Equals => "is",
                Operator::Like => "is like",
                Operator::AllEqual => "has only",
                Operator::AllLike => "has only what is like",
                Operator::Null => "is missing:",
            };
            format!("`{}` {how} `{}`", condition.key, condition.values.join("`, `"))
        };
        self.conditions.iter().map(words).collect::<Vec<_>>().join("; ")
    }
}

impl Condition {
    fn holds(&self, access: &Access) -> bool {
        let given = access.context.iter().find(|(key, _)| key.eq_ignore_ascii_case(&self.key));
        let values = given.map_or(&[][..], |(_, values)| values.as_slice());
        let is_one = |value: &String| self.values.contains(value);
        let fits_one = |value: &String| self.values.iter().any(|pattern| fits(pattern, value));
        match self.operator {
            Operator::Equals => matches!(values, [value] if is_one(value)),
            Operator::Like => matches!(values, [value] if fits_one(value)),
            Operator::AllEqual => values.iter().all(is_one),
            Operator::AllLike => values.iter().all(fits_one),
            Operator::Null => self.values.iter().any(|missing| (missing == "true") == values.is_empty()),
        }
    }
}

/// Whether a text fits a pattern, in which `*` stands for any text and `?` for any character.
fn fits(pattern: &str, text: &str) -> bool {
    let mut characters = pattern.chars();
    match characters.next() {
        None => text.is_empty(),
        Some('*') => {
            let rest = characters.as_str();
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| fits(rest, &text[at..]))
        }
        Some(wanted) => {
            let mut text = text.chars();
            text.next().is_some_and(|found| wanted == '?' || wanted == found)
                && fits(characters.as_str(), text.as_str())
        }
    }
}

#[cfg(test)]
mod tests;
