//! The arithmetic of open items; whole reconciliations are shown by `tests/scenarios`.

use super::*;

#[test]
fn what_is_open_makes_both_sides_equal() {
    for (bank, book, open) in [
        (0, 0, (0, 0)),
        (100, 100, (0, 0)),
        (100, 0, (100, 0)),
        (0, -100, (0, -100)),
        // The bank took in more than the books, or the books more than the bank: the larger one holds the rest.
        (100, 80, (20, 0)),
        (80, 100, (0, 20)),
        (-100, -80, (-20, 0)),
        (-80, -100, (0, -20)),
        (100, -100, (100, -100)),
    ] {
        let (of_bank, of_book) = differing(bank, book);
        assert_eq!((of_bank, of_book), open, "{bank} {book}");
        assert_eq!(bank + of_book, book + of_bank, "{bank} {book}");
    }
}

#[test]
fn every_criterion_has_its_points() {
    use Criterion::*;
    for (criterion, points) in
        [(Number, 60), (Amount, 40), (SameDay, 20), (NearDay, 10), (PartyNumber, 20), (PartyName, 20)]
    {
        assert_eq!(criterion.points(), points);
    }
}
