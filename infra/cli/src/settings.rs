//! The settings: of the command line, then of the environment, then of the configuration file.
//!
//! The file is never looked for in the working directory: a folder that somebody else wrote would then choose the address
//! that tokens are sent to.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use protocol::id::WorkspaceKey;
use protocol::redirect_uri::Loopback;
use protocol::secret::Secret;
use serde::Deserialize;
use serde_json::Value;
use url::{Host, Url};

use crate::args::Given;
use crate::problem::Problem;
use crate::signer::{self, Signer};
use crate::yaml;

/// What a command works with. What it does not need may be missing.
#[derive(Debug)]
pub(crate) struct Settings {
    url: Option<Url>,
    workspace: Option<WorkspaceKey>,
    key: Option<KeySource>,
    /// The audience of tokens.
    pub(crate) audience: Option<String>,
}

/// Where the secret or key is that signs tokens.
#[derive(Debug)]
enum KeySource {
    Secret(Secret),
    SecretFile(PathBuf),
    KeyFile(PathBuf),
    /// A token that somebody else made.
    Token(Secret),
}

/// Who proves what we are: a key that signs tokens, or one token.
pub(crate) enum Authority {
    /// Tokens are made when they are needed.
    Signer(Signer),
    /// This one token is all there is.
    Token(Secret),
}

/// The settings of one place.
#[derive(Debug, Default)]
struct Layer {
    url: Option<String>,
    workspace: Option<String>,
    key: Option<KeySource>,
    audience: Option<String>,
}

/// The configuration file, or one of its profiles.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Configured {
    url: Option<String>,
    workspace: Option<String>,
    secret_file: Option<PathBuf>,
    key_file: Option<PathBuf>,
    audience: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Configured>,
}

impl Settings {
    /// What the arguments, the environment and the file say.
    pub(crate) fn of(given: &Given) -> Result<Self, Problem> {
        let Layer { url, workspace, key, audience } =
            of_arguments(given)?.or(of_environment()?).or(of_file(given)?);
        Ok(Self {
            url: url.as_deref().map(read_url).transpose()?,
            workspace: workspace.as_deref().map(WorkspaceKey::new),
            key,
            audience,
        })
    }

    /// The deployment's address, without a slash at its end.
    pub(crate) fn url(&self) -> Result<&Url, Problem> {
        self.url.as_ref().ok_or_else(|| Problem::missing("The deployment's address", "--url", "LINKSPAN_URL"))
    }

    /// Whether definitions may name this machine, as a local run lets them.
    pub(crate) fn loopback(&self) -> Loopback {
        if self.url.as_ref().is_some_and(is_this_machine) { Loopback::Allowed } else { Loopback::Refused }
    }

    /// The workspace.
    pub(crate) fn workspace(&self) -> Result<&WorkspaceKey, Problem> {
        let missing = || Problem::missing("The workspace's key", "--workspace", "LINKSPAN_WORKSPACE");
        self.workspace.as_ref().ok_or_else(missing)
    }

    /// What the command calls the deployment with.
    pub(crate) fn authority(&self) -> Result<Authority, Problem> {
        match &self.key {
            Some(KeySource::Token(token)) => Ok(Authority::Token(token.clone())),
            _ => self.signer().map(Authority::Signer),
        }
    }

    /// What signs tokens.
    pub(crate) fn signer(&self) -> Result<Signer, Problem> {
        match &self.key {
            Some(KeySource::Secret(secret)) => Signer::of_secret("LINKSPAN_SECRET", secret.expose()),
            Some(KeySource::SecretFile(path)) => {
                let secret = signer::read_secret(path)?;
                Signer::of_secret(&path.display().to_string(), &secret)
            }
            Some(KeySource::KeyFile(path)) => {
                let pem = signer::read_secret(path)?;
                Signer::of_pem(&path.display().to_string(), &pem)
            }
            Some(KeySource::Token(_)) => Err(Problem::Usage(
                "LINKSPAN_TOKEN is one token, and signs no others: give the workspace's secret or key."
                    .to_owned(),
            )),
            None => Err(Problem::missing(
                "The workspace's secret or key",
                "--secret-file or --key-file",
                "LINKSPAN_SECRET_FILE",
            )),
        }
    }
}

impl Layer {
    fn or(self, below: Self) -> Self {
        Self {
            url: self.url.or(below.url),
            workspace: self.workspace.or(below.workspace),
            key: self.key.or(below.key),
            audience: self.audience.or(below.audience),
        }
    }
}

/// The only one of them that is given. Each has the name of its setting.
fn only(sources: Vec<(&str, Option<KeySource>)>) -> Result<Option<KeySource>, Problem> {
    let mut given = sources.into_iter().filter_map(|(name, source)| Some((name, source?)));
    match (given.next(), given.next()) {
        (Some((one, _)), Some((other, _))) => {
            Err(Problem::Usage(format!("{one} and {other} are both given: leave one out.")))
        }
        (first, _) => Ok(first.map(|(_, source)| source)),
    }
}

fn of_arguments(given: &Given) -> Result<Layer, Problem> {
    let key = only(vec![
        ("--secret-file", given.secret_file.clone().map(KeySource::SecretFile)),
        ("--key-file", given.key_file.clone().map(KeySource::KeyFile)),
    ])?;
    let Given { url, workspace, audience, .. } = given;
    Ok(Layer { url: url.clone(), workspace: workspace.clone(), key, audience: audience.clone() })
}

fn of_environment() -> Result<Layer, Problem> {
    let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let path = |name| variable(name).map(PathBuf::from);
    let key = only(vec![
        ("LINKSPAN_TOKEN", variable("LINKSPAN_TOKEN").map(|token| KeySource::Token(token.trim().into()))),
        ("LINKSPAN_SECRET", variable("LINKSPAN_SECRET").map(|secret| KeySource::Secret(secret.into()))),
        ("LINKSPAN_SECRET_FILE", path("LINKSPAN_SECRET_FILE").map(KeySource::SecretFile)),
        ("LINKSPAN_KEY_FILE", path("LINKSPAN_KEY_FILE").map(KeySource::KeyFile)),
    ])?;
    Ok(Layer {
        url: variable("LINKSPAN_URL"),
        workspace: variable("LINKSPAN_WORKSPACE"),
        key,
        audience: variable("LINKSPAN_AUDIENCE"),
    })
}

fn of_file(given: &Given) -> Result<Layer, Problem> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
    let profile =
        given.profile.clone().or_else(|| env::var("LINKSPAN_PROFILE").ok()).filter(|name| !name.is_empty());
    let named = given.config.clone().or_else(|| variable("LINKSPAN_CONFIG").map(PathBuf::from));
    let Some(path) = named.clone().or_else(usual_place) else { return Ok(Layer::default()) };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        // Nobody has to have one.
        Err(_) if named.is_none() && profile.is_none() => return Ok(Layer::default()),
        Err(error) => return Err(Problem::Usage(format!("{}: {error}.", path.display()))),
    };
    let fault = |fault: String| Problem::Usage(format!("{}: {fault}.", path.display()));
    let object = yaml::object(&text).map_err(fault)?;
    let configured: Configured =
        serde_json::from_value(Value::Object(object)).map_err(|error| fault(error.to_string()))?;
    let Configured { mut profiles, .. } = configured;
    let base = Configured { profiles: BTreeMap::new(), ..configured }.layer(&path)?;
    let Some(profile) = profile else { return Ok(base) };
    if let Some(configured) = profiles.remove(&profile) {
        return Ok(configured.layer(&path)?.or(base));
    }
    let known: Vec<_> = profiles.keys().map(String::as_str).collect();
    Err(fault(format!("profiles has no `{profile}`; it has: {}", known.join(", "))))
}

/// `$XDG_CONFIG_HOME/linkspan/config.yaml`, by default below `~/.config`.
fn usual_place() -> Option<PathBuf> {
    let folder = env::var_os("XDG_CONFIG_HOME")
        .filter(|folder| !folder.is_empty())
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".config")))?;
    Some(folder.join("linkspan").join("config.yaml"))
}

impl Configured {
    /// The settings. The paths in a file begin where the file is.
    fn layer(self, file: &Path) -> Result<Layer, Problem> {
        let folder = file.parent().unwrap_or(Path::new(""));
        let key = only(vec![
            ("secretFile", self.secret_file.map(|path| KeySource::SecretFile(folder.join(path)))),
            ("keyFile", self.key_file.map(|path| KeySource::KeyFile(folder.join(path)))),
        ])?;
        Ok(Layer { url: self.url, workspace: self.workspace, key, audience: self.audience })
    }
}

/// An address that tokens may be sent to.
fn read_url(text: &str) -> Result<Url, Problem> {
    let fault = |fault: &str| Problem::Usage(format!("The deployment's address {fault}."));
    let url = Url::parse(text.trim_end_matches('/'))
        .map_err(|_| fault("is none: it looks like https://connect.example.com"))?;
    // What stands there could be a secret: it is not repeated.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(fault("has a user name or a password: leave them out"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(fault("has a query or a fragment: leave them out"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_this_machine(&url) => Ok(url),
        _ => {
            Err(fault("must begin with https://: tokens are sent there (http:// is for this machine alone)"))
        }
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_sent_encrypted_or_stay_on_this_machine() {
        for text in [
            "https://connect.example.com/",
            "http://127.0.0.1:9000",
            "http://localhost:9000/",
            "http://[::1]:1",
        ] {
            assert!(read_url(text).is_ok(), "{text}");
        }
        for text in [
            "connect.example.com",
            "http://connect.example.com",
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "https://user:hunter2@connect.example.com",
            "https://connect.example.com/?token=hunter2",
            "ftp://127.0.0.1",
        ] {
            let refused = read_url(text).unwrap_err().to_string();
            assert!(!refused.contains("hunter2"), "{refused}");
        }
    }
}
