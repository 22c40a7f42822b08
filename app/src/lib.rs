//! Emberlab: the app as a library, so that tests drive it.
