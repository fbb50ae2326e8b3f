//! Where the values of placeholders come from.

/// The source of a placeholder's value: a root of the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// `parameters`.
    Parameters,
    /// `credentials`.
    Credentials,
    /// `connectorParameters`.
    ConnectorParameters,
    /// `integration`.
    Integration,
    /// `random`.
    Random,
    /// `signed`.
    Signed,
    /// `request`.
    Request,
    /// `callback`.
    Callback,
}

impl Root {
    pub(super) const ALL: [Self; 8] = [
        Self::Parameters,
        Self::Credentials,
        Self::ConnectorParameters,
        Self::Integration,
        Self::Random,
        Self::Signed,
        Self::Request,
        Self::Callback,
    ];

    /// The word that stands for it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Parameters => "parameters",
            Self::Credentials => "credentials",
            Self::ConnectorParameters => "connectorParameters",
            Self::Integration => "integration",
            Self::Random => "random",
            Self::Signed => "signed",
            Self::Request => "request",
            Self::Callback => "callback",
        }
    }
}
