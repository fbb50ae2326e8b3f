//! The roles of the template, in a deployment that has everything which a deployment can have.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::policy::{Access, Statement, Verdict, statements, verdict, verdict_for};
use super::request::SIGNING_KEY;
use crate::cloudformation::{ACCOUNT, Deployment};

/// The key that sealed what was stored before the present one did.
pub const PREVIOUS_KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/previous";

/// The smallest part of what a role allows: the role's name, and the part's number there.
pub type Part = (&'static str, usize);

/// A role, and who takes it on.
pub struct Role {
    /// The function that has it, or `events` of the pipe.
    pub name: &'static str,
    /// Its ARN.
    pub arn: String,
    /// The role's trust policy.
    pub trust: Vec<Statement>,
    /// Its policies.
    pub policy: Vec<Statement>,
    /// The smallest parts of them.
    pub parts: Vec<Statement>,
    /// The ARN of the function's log group.
    pub logs: Option<String>,
}

/// Every role of the template, and the policies of its keys.
pub struct Roles {
    /// The roles, by name.
    pub roles: BTreeMap<&'static str, Role>,
    keys: BTreeMap<String, Vec<Statement>>,
    /// The ARN of the key that seals.
    pub sealing_key: String,
    /// The ARN of the root workspace's secret.
    pub root_secret: String,
}

/// The functions, each with its resource in the template.
const FUNCTIONS: [(&str, &str); 6] = [
    ("initiate", "InitiateFunction"),
    ("callback", "CallbackFunction"),
    ("finish", "FinishFunction"),
    ("api", "ApiFunction"),
    ("refresh", "RefreshFunction"),
    ("webhooks", "WebhooksFunction"),
];

/// The roles of a deployment that has all that a deployment can have.
#[must_use]
pub fn roles() -> &'static Roles {
    static ROLES: LazyLock<Roles> = LazyLock::new(|| {
        Roles::of(&json!({
            "EventBusName": "default",
            "PreviousKmsKeyArns": PREVIOUS_KEY,
            "ReplayEventsOf": "2026-01-31T08",
            "SigningKeyArns": SIGNING_KEY,
            "Tracing": "Active",
            "Webhooks": "true",
        }))
    });
    &ROLES
}

impl Roles {
    /// The roles of a deployment with these parameters.
    #[must_use]
    pub fn of(parameters: &Value) -> Self {
        let mut stack = Deployment::of("infra/template.yaml", parameters.as_object().unwrap_or(&Map::new()));
        let part = stack.inner("Roles", "infra/roles.yaml");
        let mut roles = BTreeMap::new();
        let made = stack.resources("AWS::Serverless::Function");
        for (name, resource) in
            FUNCTIONS.into_iter().filter(|(_, resource)| made.contains(&(*resource).to_owned()))
        {
            let function = stack.properties(resource);
            let arn = function["Role"].as_str().unwrap().to_owned();
            let id = arn.rsplit('/').next().unwrap().to_owned();
            let logs = function["LoggingConfig"]["LogGroup"].as_str().unwrap();
            let logs = stack.resolved(&json!({ "Fn::GetAtt": format!("{logs}.Arn") })).unwrap();
            roles.insert(name, Role::read(name, arn, &part, &id, logs.as_str().map(str::to_owned)));
        }
        for id in stack.resources("AWS::IAM::Role") {
            let arn = format!("arn:aws:iam::{ACCOUNT}:role/{id}");
            roles.insert("events", Role::read("events", arn, &stack, &id, None));
        }
        let mut keys = BTreeMap::new();
        for id in stack.resources("AWS::KMS::Key") {
            let arn = stack.resolved(&json!({ "Fn::GetAtt": format!("{id}.Arn") })).unwrap();
            let policy = statements(&stack.properties(&id)["KeyPolicy"]).unwrap();
            keys.insert(arn.as_str().unwrap().to_owned(), policy);
        }
        let parameters = stack.properties("Roles")["Parameters"].clone();
        let given = |name: &str| parameters[name].as_str().unwrap().to_owned();
        Self { roles, keys, sealing_key: given("SealingKeyArn"), root_secret: given("RootSecretArn") }
    }

    /// What of a role allows this.
    ///
    /// # Errors
    ///
    /// Says who asks for what, in AWS's words.
    pub fn decide(&self, name: &'static str, access: &Access) -> Result<Vec<Part>, String> {
        let role = &self.roles[name];
        let refused = |why: &str| {
            let Access { action, resource, context } = access;
            Err(format!(
                "User: {}/{name} is not authorized to perform: {action} on resource: {resource} because {why} ({context:?})",
                role.arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/"),
            ))
        };
        match verdict(&role.policy, access) {
            Verdict::Allowed => {}
            Verdict::Denied => return refused("an identity-based policy denies it"),
            Verdict::Unsaid => return refused("no identity-based policy allows it"),
        }
        if let Some(policy) = self.keys.get(&access.resource) {
            // A key's policy allows the role, or leaves it to the account's policies to say so.
            let account = format!("arn:aws:iam::{ACCOUNT}:root");
            let whoever = [role.arn.as_str(), &account].map(|arn| verdict_for(policy, ("AWS", arn), access));
            if whoever.contains(&Verdict::Denied) || !whoever.contains(&Verdict::Allowed) {
                return refused("the key's policy does not allow it");
            }
        }
        let is_about = |part: &Statement| verdict(std::slice::from_ref(part), access) == Verdict::Allowed;
        let about = role.parts.iter().enumerate().filter(|(_, part)| is_about(part));
        Ok(about.map(|(number, _)| (name, number)).collect())
    }
}

impl Role {
    fn read(name: &'static str, arn: String, stack: &Deployment, id: &str, logs: Option<String>) -> Self {
        let role = stack.properties(id);
        let mut policies: Vec<Value> = role["Policies"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|policy| policy["PolicyDocument"].clone())
            .collect();
        for managed in role["ManagedPolicyArns"].as_array().into_iter().flatten() {
            let id = managed.as_str().and_then(|arn| arn.rsplit('/').next()).unwrap();
            policies.push(stack.properties(id)["PolicyDocument"].clone());
        }
        let policy: Vec<Statement> = policies.iter().flat_map(|policy| statements(policy).unwrap()).collect();
        let parts = policy.iter().flat_map(Statement::parts).collect();
        let trust = statements(&role["AssumeRolePolicyDocument"]).unwrap();
        Self { name, arn, trust, policy, parts, logs }
    }
}
