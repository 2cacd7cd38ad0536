//! A hundredth of the season at person level, by the code of `cargo xtask bench season`: 6,160 single receipts over streams and
//! everything else of the year, in a server process, to the right totals.

use earmark_tests::season::{Season, run};
use testkit::process;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundredth_of_the_season_comes_to_the_right_totals() {
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    let figures = run::run(Season::of(10), &folder.path().join("data"), process::serve).await;
    assert_eq!(figures.receipts, 6_160);
    assert!(figures.records > figures.receipts, "{figures:?}");
}
