//! What a change says of something that can be taken away.

/// A part of a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Setting<T> {
    /// It says nothing: it stays as it is.
    #[default]
    Stays,
    /// It is taken away.
    Gone,
    /// It becomes this.
    Becomes(T),
}

impl<T> Setting<T> {
    /// The setting in the place of `before`.
    pub fn over(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Stays => before,
            Self::Gone => None,
            Self::Becomes(value) => Some(value),
        }
    }
}

impl<T> From<Option<T>> for Setting<T> {
    /// Nothing stays as it is.
    fn from(given: Option<T>) -> Self {
        given.map_or(Self::Stays, Self::Becomes)
    }
}
