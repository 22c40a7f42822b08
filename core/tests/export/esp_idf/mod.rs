//! Projects for ESP-IDF: the tree, and the board's side of the link in C++.

mod link;
mod tree;
