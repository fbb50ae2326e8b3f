//! JSON Pointers (RFC 6901): the place of a value in a customer's input.

/// The pointer to a member of the object that `parent` points to (§3).
#[must_use]
pub fn member(parent: &str, name: &str) -> String {
    format!("{parent}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// The names on the way to the value (§4).
pub fn names(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_comes_back_whatever_is_in_it() {
        let pointer = member(&member("", "a/b"), "~1c~");
        assert_eq!(pointer, "/a~1b/~01c~0");
        assert_eq!(names(&pointer).collect::<Vec<_>>(), ["a/b", "~1c~"]);
        assert_eq!(names("").count(), 0);
    }
}
