//! Words of commands: for scripts of a shell, and for people to type.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// A word of the shell that means exactly these bytes.
pub(crate) fn quoted(word: &[u8]) -> Vec<u8> {
    let mut out = vec![b'\''];
    for byte in word {
        if *byte == b'\'' {
            out.extend(b"'\\''");
        } else {
            out.push(*byte);
        }
    }
    out.push(b'\'');
    out
}

/// A word of a command as a person would type it: quoted only where need be.
pub(crate) fn word(word: &OsStr) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-./+,:@%=".contains(&b);
    if !word.is_empty() && word.as_bytes().iter().copied().all(plain) {
        return word.to_string_lossy().into_owned();
    }
    String::from_utf8_lossy(&quoted(word.as_bytes())).into_owned()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn any_path_survives_the_shell() {
        for word in
            ["plain", "with space", "it's", "$(rm -rf x)`y`", "a\"b\\c", "new\nline", "-dash", "é*?[x]"]
        {
            let mut script = b"printf %s ".to_vec();
            script.extend(quoted(word.as_bytes()));
            let script = String::from_utf8(script).unwrap();
            let out = Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), word);
        }
    }
}
