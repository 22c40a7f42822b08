use std::fs;

use super::*;

/// A folder of its own for one test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("emberlab-files-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("the temporary folder can be written to");
        Self(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().expect("it lies in our folder")).expect("it is ours");
        fs::write(&path, bytes).expect("it is ours");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn list(paths: &[PathBuf], test_paths: &[PathBuf]) -> DiskFiles {
    DiskFiles::list(paths, test_paths, &mut |_| true).expect("they are there").expect("nobody has ended it")
}

fn names(files: &DiskFiles) -> Vec<&str> {
    files.entries().iter().map(|entry| entry.path.as_str()).collect()
}

#[test]
fn a_folder_lists_what_is_below_it_without_what_is_hidden() {
    let scratch = Scratch::new("folder");
    scratch.write("b/two.wav", b"22");
    scratch.write("a/one.wav", b"1");
    scratch.write(".git/objects/x", b"no");
    scratch.write("__MACOSX/a/one.wav", b"no");
    let files = list(std::slice::from_ref(&scratch.0), &[]);
    assert_eq!(names(&files), ["a/one.wav", "b/two.wav"]);
    assert_eq!((files.read(1).expect("it is there"), files.bytes()), (b"22".to_vec(), 3));
    assert_eq!(files.read_start(1, 1).expect("it is there"), b"2");
    assert_eq!(files.name(), file_name(&scratch.0));
}

#[test]
fn several_paths_keep_apart_and_tests_have_a_folder_of_their_own() {
    let scratch = Scratch::new("several");
    let one = scratch.write("one.csv", b"1");
    scratch.write("set/a.csv", b"a");
    scratch.write("other/set/a.csv", b"b");
    let (set, other) = (scratch.0.join("set"), scratch.0.join("other/set"));
    let files = list(&[one.clone(), set.clone(), other], &[]);
    assert_eq!(names(&files), ["one.csv", "set 2/a.csv", "set/a.csv"]);
    let contents: Vec<_> = (0..3).map(|index| files.read(index).expect("it is there")).collect();
    assert_eq!(contents, [b"1", b"b", b"a"]);
    let files = list(&[one], &[set]);
    assert_eq!(names(&files), ["test/a.csv", "train/one.csv"]);
    assert_eq!(files.read(1).expect("it is there"), b"1");
}

#[test]
#[cfg(unix)]
fn links_are_followed_but_never_in_circles() {
    use std::os::unix::fs::symlink;
    let scratch = Scratch::new("links");
    scratch.write("a/one.wav", b"1");
    scratch.write("b/two.wav", b"2");
    let at = |path: &str| scratch.0.join(path);
    symlink(&scratch.0, at("a/up")).expect("the folder is ours");
    symlink(at("b"), at("a/to-b")).expect("the folder is ours");
    symlink(at("a"), at("b/to-a")).expect("the folder is ours");
    symlink(at("gone"), at("b/dangling")).expect("the folder is ours");
    let files = list(std::slice::from_ref(&scratch.0), &[]);
    let count = |name: &str| names(&files).iter().filter(|path| path.ends_with(name)).count();
    assert!(
        (1..=3).contains(&count("one.wav")) && (1..=3).contains(&count("two.wav")),
        "{:?}",
        names(&files)
    );
    assert!(!names(&files).iter().any(|path| path.contains("dangling")));
    let link = at("link");
    symlink(at("a"), &link).expect("the folder is ours");
    assert!(names(&list(&[link], &[])).contains(&"one.wav"), "a link that the user names is followed");
}

#[test]
fn what_is_not_there_is_named() {
    let scratch = Scratch::new("missing");
    let error = DiskFiles::list(&[scratch.0.join("gone")], &[], &mut |_| true).expect_err("it is not there");
    assert!(error.is_missing && error.message == "gone is not there" && !error.help.is_empty());
}

#[test]
fn listing_stops_when_asked_to() {
    let scratch = Scratch::new("stop");
    for number in 0..3 {
        scratch.write(&format!("{number}/a.csv"), b"");
    }
    let mut reports = 0;
    let mut stop = |_| {
        reports += 1;
        reports < 2
    };
    assert!(
        DiskFiles::list(std::slice::from_ref(&scratch.0), &[], &mut stop).expect("it is there").is_none()
    );
}

#[test]
fn a_table_brings_the_files_that_it_lists() {
    let scratch = Scratch::new("listed");
    let table =
        scratch.write("list.csv", b"file,label\nclips/a.wav,yes\nb.png,no\n../c.wav,no\ngone.wav,yes\n");
    scratch.write("clips/a.wav", b"a");
    scratch.write("b.png", b"bb");
    scratch.write("other.wav", b"no");
    let files = list(std::slice::from_ref(&table), &[]);
    assert_eq!(names(&files), ["b.png", "clips/a.wav", "list.csv"]);
    assert_eq!(files.read(0).expect("it is there"), b"bb");
    assert_eq!(files.read(1).expect("it is there"), b"a");
    let second = scratch.write("second.csv", b"clips/a.wav,no\nother.wav,no\n");
    let files = list(&[table, second, scratch.0.join("other.wav")], &[]);
    assert_eq!(names(&files), ["b.png", "clips/a.wav", "list.csv", "other.wav", "second.csv"]);
}

#[test]
fn sums_are_those_of_the_files_that_were_read() {
    let scratch = Scratch::new("sums");
    scratch.write("a.csv", b"abc");
    scratch.write("README.md", b"not read");
    let files = list(std::slice::from_ref(&scratch.0), &[]);
    let summed = SummedFiles::new(&files);
    let index = files.entries().iter().position(|entry| entry.path == "a.csv").expect("it is listed");
    summed.read(index).expect("it is there");
    let sums = summed.into_sums();
    let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.csv\n";
    assert_eq!(sums.to_text(), expected);
}
