//! A categorical column: one small integer code per row, and the levels the codes point to.

use crate::error::{Error, Result};

/// Codes into levels. A null is [`Factor::NULL`], never a level of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    name: String,
    levels: Vec<String>,
    codes: Vec<u32>,
}

impl Factor {
    /// The code of a missing value.
    pub const NULL: u32 = u32::MAX;

    /// A factor from codes that already point into `levels`.
    ///
    /// # Errors
    /// `Values` naming the rows whose code is neither a level nor [`Factor::NULL`].
    pub fn new(name: &str, levels: Vec<String>, codes: Vec<u32>) -> Result<Self> {
        let bad = |code: u32| code != Self::NULL && code as usize >= levels.len();
        if let Some(&first) = codes.iter().find(|&&c| bad(c)) {
            let rows = codes.iter().enumerate().filter(|(_, c)| bad(**c)).map(|(i, _)| i);
            let expected = format!("codes below {}", levels.len());
            return Err(Error::values(name, rows, &expected, first));
        }
        Ok(Self { name: name.to_owned(), levels, codes })
    }

    /// A factor from optional labels; levels numbered by first appearance.
    pub fn from_labels<'a>(name: &str, labels: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let mut index = std::collections::HashMap::new();
        let mut levels: Vec<String> = Vec::new();
        let mut codes = Vec::new();
        for label in labels {
            codes.push(label.map_or(Self::NULL, |text| {
                *index.entry(text.to_owned()).or_insert_with(|| {
                    levels.push(text.to_owned());
                    // more than u32::MAX - 1 levels would need 100 GB of labels first
                    u32::try_from(levels.len() - 1).unwrap_or(Self::NULL)
                })
            }));
        }
        Self { name: name.to_owned(), levels, codes }
    }

    /// The column's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The labels, by code.
    pub fn levels(&self) -> &[String] {
        &self.levels
    }

    /// One code per row.
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The label of row `i`, or `None` for a null.
    pub fn label(&self, i: usize) -> Option<&str> {
        self.levels.get(self.codes[i] as usize).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_numbered_by_first_appearance_and_null_is_no_level() {
        let f = Factor::from_labels("la", [Some("b"), None, Some("a"), Some("b")]);
        assert_eq!(f.levels(), ["b", "a"]);
        assert_eq!(f.codes(), [0, Factor::NULL, 1, 0]);
        assert_eq!(f.label(1), None);
    }

    #[test]
    fn stray_codes_are_refused_with_their_rows() {
        let got = Factor::new("la", vec!["a".into()], vec![0, 3, 1]);
        assert!(matches!(got, Err(Error::Values { ref rows, n: 2, .. }) if rows == &[1, 2]));
    }
}
