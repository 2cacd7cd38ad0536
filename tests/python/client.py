"""A client of Earmark that is not Earmark's: Python's grpcio, and no code but what the server says of itself by reflection.

It keeps a small book through every kind of answer that there is and asserts each; one line a check. Run by tests/tests/foreign_client.rs:

    client.py ADDRESS PROTO_FOLDER      with EARMARK_TOKENS={"person": "token", ...} in the environment
"""

import hashlib
import json
import os
import sys

import grpc

import wire

ADDRESS, PROTOS = sys.argv[1:3]
TOKENS = json.loads(os.environ["EARMARK_TOKENS"])
BOOK = "foreign"
DIGEST = hashlib.sha256(b"a document").digest()


def check(what, holds, found=None):
    """Says that a check held, or ends the run."""
    if not holds:
        sys.exit(f"FAILED {what}: {found!r}")
    print(f"ok {what}")


def date(text):
    year, month, day = map(int, text.split("-"))
    return {"year": year, "month": month, "day": day}


class Desk:
    """One person at the server: each method takes a request's fields and gives the answer, or an Error."""

    def __init__(self, server, person, language="zh"):
        self.server, self.language = server, language
        self.token = TOKENS.get(person)

    def __call__(self, method, **fields):
        metadata = [("accept-language", self.language)]
        if self.token:
            metadata.append(("authorization", f"Bearer {self.token}"))
        return self.server.call(method, fields, metadata)


def posted(what, result):
    """References of the vouchers of a change that took effect."""
    outcome = result.result.WhichOneof("outcome")
    check(f"{what}: took effect", outcome == "posted", result)
    return [voucher.reference for voucher in result.result.posted.vouchers]


def reviewed(what, result, reviewer, request_id):
    """Lets another person approve what was submitted."""
    check(f"{what}: waits for a second person", result.result.WhichOneof("outcome") == "submitted", result)
    review = {"submission": result.result.submitted.submission, "verdict": "VERDICT_APPROVE"}
    approved = reviewer("VoucherService/ReviewCommand", book=BOOK, request_id=request_id, review=review)
    return posted(what, approved)


def refusal(what, error, code):
    check(f"{what}: {code.name}", isinstance(error, wire.Error) and error.code == code, error)
    return error


def the_server_describes_itself(server):
    compiled = wire.compiled_services(PROTOS)
    check("reflection lists every service of the published protos", set(compiled) <= set(server.services), server.services)
    for name, methods in compiled.items():
        check(f"reflection knows the methods of {name}", server.methods(name) == methods, server.methods(name))
    for name in ["", *compiled]:
        status = server.health(name)
        check(f"health of {name or 'the server'} is SERVING", status == "SERVING", status)
    try:
        server.health("no.such.Service")
        check("health of a stranger is NOT_FOUND", False)
    except grpc.RpcError as error:
        check("health of a stranger is NOT_FOUND", error.code() == grpc.StatusCode.NOT_FOUND, error)


def a_book_is_opened(people):
    persons = [
        ("maker", ["ROLE_FIN_MAKER"], ""),
        ("reviewer", ["ROLE_FIN_REVIEWER"], ""),
        ("cashier", ["ROLE_CASHIER"], ""),
        ("service", ["ROLE_SVC_DEPT"], ""),
        ("approver", ["ROLE_APPROVER"], ""),
        ("collector", ["ROLE_COLLECTOR"], "GDZGH"),
        ("audit", ["ROLE_AUDIT"], ""),
    ]
    request = dict(
        book=BOOK,
        request_id="open-1",
        name="异国客户端的账套",
        organization={"code": "GDZGH", "name": "广东省总工会", "type": "ORGANIZATION_TYPE_PROV_FED"},
        preset_name="hospital-2018",
        first_period={"year": 2018, "month": 4},
        live_from=date("2019-01-01"),
        persons=[dict(code=c, display=c, roles=r, organization=o) for c, r, o in persons],
    )
    error = people["maker"]("BookService/CreateBook", **request)
    refusal("a book is opened by an operator only", error, grpc.StatusCode.PERMISSION_DENIED)
    only_judged = people["operator"]("BookService/CreateBook", **{**request, "request_id": "", "validate_only": True})
    check("a book can be judged before it is opened", only_judged.result.WhichOneof("outcome") == "posted", only_judged)
    posted("a book is opened from the preset", people["operator"]("BookService/CreateBook", **request))
    book = people["audit"]("BookService/GetBook", book=BOOK)
    sources = {source.code for source in book.book.sources}
    check("the book has the preset's sources", {"S1M", "S2P", "S3N", "S6X"} <= sources, sources)
    check("the book's root is a digest", len(book.root) == 32, book)


def masters_are_registered(people):
    org = dict(code="DONOR", name="捐赠人", type="ORGANIZATION_TYPE_DONOR")
    city = dict(code="GZ", name="广州市总工会", type="ORGANIZATION_TYPE_CITY_FED", parent="GDZGH")
    for no, organization in enumerate([org, city]):
        answer = people["service"](
            "BookService/RegisterOrganization", book=BOOK, request_id=f"org-{no}", organization=organization
        )
        posted(f"organisation {organization['code']}", answer)
    accounts = [("SPECIAL", "GDZGH", "FUND_SPECIAL"), ("CUSTODY-GZ", "GZ", "CUSTODY")]
    for code, owner, purpose in accounts:
        account = dict(
            code=code, organization=owner, purpose=f"BANK_ACCOUNT_PURPOSE_{purpose}", name="户名", masked_no="****18", currency="CNY"
        )
        answer = people["maker"](
            "BookService/RegisterBankAccount", book=BOOK, request_id=f"account-{code}", bank_account=account
        )
        reviewed(f"account {code}", answer, people["reviewer"], f"account-{code}-review")


def donation(amount_fen, txn="TX-1", **changed):
    income = dict(
        grant=dict(code="G-1", grantor="DONOR", doc_no="协议-1"),
        amount_fen=amount_fen,
        date=date("2018-06-06"),
        bank_account="SPECIAL",
        bank_txn=txn,
        bill_no="收据-1",
        evidence=[dict(kind="EVIDENCE_KIND_AGREEMENT", doc_no="协议-1", date=date("2018-06-01"), digest=DIGEST, pages=2)],
    )
    income.update(changed)
    return dict(book=BOOK, kind="DONATION_KIND_UNRESTRICTED", income=income)


def a_donation_is_posted(people):
    transaction = dict(
        id="TX-1",
        account="SPECIAL",
        direction="BANK_DIRECTION_IN",
        amount_fen=5_000_000,
        date=date("2018-06-06"),
        settlement="SETTLEMENT_TRANSFER",
        currency="CNY",
        slip_digest=hashlib.sha256(b"slip").digest(),
    )
    answer = people["cashier"](
        "SpendingService/RegisterBankTransaction", book=BOOK, request_id="txn-1", transaction=transaction
    )
    posted("a bank transaction", answer)
    before = people["audit"]("BookService/GetBook", book=BOOK).sequence
    judged = people["maker"]("FundingService/RecordDonation", validate_only=True, **donation(5_000_000))
    check("validate_only judges at the book's sequence", judged.result.judged_at == before, judged)
    check("validate_only has no receipt", not judged.result.HasField("receipt"), judged)
    after = people["audit"]("BookService/GetBook", book=BOOK).sequence
    check("validate_only records nothing", after == before, after)
    asked = people["maker"]("FundingService/RecordDonation", request_id="gift-1", **donation(5_000_000))
    own = dict(submission=asked.result.submitted.submission, verdict="VERDICT_APPROVE")
    error = people["maker"]("VoucherService/ReviewCommand", book=BOOK, request_id="gift-1-own", review=own)
    refusal("nobody reviews their own", error, grpc.StatusCode.FAILED_PRECONDITION)
    vouchers = reviewed("a donation of two persons", asked, people["reviewer"], "gift-1-review")
    check("the donation is voucher 记-2018-1", vouchers == ["记-2018-1"], vouchers)
    voucher = people["audit"]("VoucherService/GetVoucher", book=BOOK, voucher="记-2018-1").voucher
    hands = (voucher.prepared_by, voucher.reviewed_by, voucher.cashier_by)
    check("the voucher names three hands", hands == ("maker", "reviewer", "cashier"), voucher)
    lines = [(line.account, line.source, line.amount_fen) for line in voucher.lines]
    check("the voucher's lines", lines == [("10201", "S3N", 5_000_000), ("40802", "S3N", 5_000_000)], lines)
    check("a document before live_from is marked 补录", voucher.historical, voucher)
    return after


def requests_are_repeated(people):
    once = people["maker"]("FundingService/RecordDonation", request_id="gift-1", **donation(5_000_000)).result
    check("the same request gets the same receipt", once.receipt.replayed and once.receipt.request_id == "gift-1", once)
    again = people["maker"]("FundingService/RecordDonation", request_id="gift-1", **donation(5_000_000)).result
    check("and the same again", once == again, again)
    error = people["maker"]("FundingService/RecordDonation", request_id="gift-1", **donation(4_999_999))
    error = refusal("the same id with another content", error, grpc.StatusCode.ALREADY_EXISTS)
    check("its ErrorInfo is of the domain earmark", error.info.domain == "earmark", error)


def unlawful_requests_are_refused(people):
    greedy = donation(7_000_000, account="40801", bill_no="", evidence=[])
    error = people["maker"]("FundingService/RecordDonation", request_id="gift-2", **greedy)
    if not isinstance(error, wire.Error):
        review = dict(submission=error.result.submitted.submission, verdict="VERDICT_APPROVE")
        error = people["reviewer"]("VoucherService/ReviewCommand", book=BOOK, request_id="gift-2-review", review=review)
    error = refusal("an unlawful donation", error, grpc.StatusCode.FAILED_PRECONDITION)
    rules = [violation.type for violation in error.precondition.violations]
    wanted = {"LED-008", "LED-011", "SRC-002", "SRC-005"}
    check("the refusal names every rule that was hit", wanted <= set(rules), rules)
    check("ErrorInfo's reason is the first rule", error.info.reason == rules[0], (error.info, rules))
    chinese = {v.type: v.description for v in error.precondition.violations}
    english = Desk(people["maker"].server, "maker", "en-GB,en;q=0.9")
    error = english("FundingService/RecordDonation", validate_only=True, **greedy)
    error = refusal("the same, judged only, in English", error, grpc.StatusCode.FAILED_PRECONDITION)
    for violation in error.precondition.violations:
        text = violation.description
        check(f"{violation.type} has an English text", text.isascii() or text != chinese.get(violation.type), text)
    check("the Chinese texts are Chinese", all(any("一" <= c <= "鿿" for c in text) for text in chinese.values()), chinese)
    listed = people["audit"]("AuditService/ListRejections", book=BOOK, rule="SRC-005")
    check("the refusal stands in the log", len(listed.rejections) == 1, listed)


def malformed_requests_are_told_all_at_once(people):
    before = people["audit"]("BookService/GetBook", book=BOOK).sequence
    wrong = donation(-1, txn="", summary="张三 440106199901011234", date=dict(year=2018, month=13, day=1))
    error = people["maker"]("FundingService/RecordDonation", request_id="gift 3", **wrong)
    error = refusal("a malformed donation", error, grpc.StatusCode.INVALID_ARGUMENT)
    fields = {violation.field for violation in error.bad_request.field_violations}
    wanted = {"request_id", "income.amount_fen", "income.bank_txn", "income.summary", "income.date"}
    check("BadRequest names every field", wanted <= fields, fields)
    check("no text is echoed", "440106" not in str(error), error)
    after = people["audit"]("BookService/GetBook", book=BOOK).sequence
    check("a malformed request records nothing", after == before, after)


def strangers_are_kept_out(people):
    error = Desk(people["audit"].server, None)("BookService/GetBook", book=BOOK)
    refusal("no token", error, grpc.StatusCode.UNAUTHENTICATED)
    forged = Desk(people["audit"].server, None)
    forged.token = "earmark_" + "0" * 64
    refusal("a forged token", forged("BookService/ListBooks"), grpc.StatusCode.UNAUTHENTICATED)
    error = people["audit"]("FundingService/RecordDonation", request_id="gift-4", **donation(1))
    refusal("a role that may not", error, grpc.StatusCode.PERMISSION_DENIED)
    error = people["stranger"]("BookService/GetBook", book=BOOK)
    refusal("a person without a role", error, grpc.StatusCode.PERMISSION_DENIED)
    error = people["stranger"]("BookService/GetBook", book="no-such-book")
    refusal("a book that does not exist looks the same", error, grpc.StatusCode.PERMISSION_DENIED)


def premiums_stand_ready(people):
    approval = dict(
        code="AP-1",
        kind="APPROVAL_KIND_SCHEME",
        body="APPROVAL_BODY_PARTY_GROUP",
        meeting_on=date("2018-04-08"),
        doc_no="粤工总〔2018〕18号",
        max_fen=5_000_000_000,
        minutes_digest=DIGEST,
    )
    posted("an approval", people["approver"]("SpendingService/RecordApproval", book=BOOK, request_id="ap-1", approval=approval))
    scheme = {
        "year": 2018,
        "doc_no": "粤工总〔2018〕18号",
        "approval": "AP-1",
        "total_fen": 5_000_000_000,
        "targets": [{"class": "A", "heads": 616_000}],
        "enroll_deadline": date("2018-12-15"),
        "cover_months": 12,
    }
    answer = people["service"]("ProgramService/RegisterScheme", book=BOOK, request_id="scheme-1", scheme=scheme)
    reviewed("a scheme", answer, people["reviewer"], "scheme-1-review")
    form = {
        "code": "A-1",
        "organization": "GZ",
        "year": 2018,
        "class": "A",
        "plan": "COMP",
        "unit_headcount": 50,
        "insured_count": 40,
        "premium_total_fen": 40 * 9_500,
        "gift_type": "GIFT_TYPE_NONE",
        "roster_rows": 40,
        "roster_digest": DIGEST,
        "in_service": 40,
        "submitted_on": date("2018-05-02"),
        "cover_start": date("2018-12-16"),
        "cover_end": date("2019-12-15"),
    }
    posted("a batch", people["collector"]("ProgramService/SubmitEnrollmentBatch", book=BOOK, request_id="batch-1", form=form))


def receipt(no, **changed):
    fields = dict(
        holder="GZ",
        payer="PAYER_TYPE_MEMBER",
        batch="A-1",
        heads=1,
        unit_fen=2_000,
        amount_fen=2_000,
        received_on=date("2018-05-03"),
        custody="CUSTODY_COLLECTOR",
        bill_no=f"票-{no}",
    )
    return {**fields, **changed}


def receipts_are_streamed(people):
    one = people["collector"]("PremiumService/PostPremiumReceipt", book=BOOK, request_id="r-0", receipt=receipt(0))
    check("a single receipt is voucher 代-2018-1", posted("a receipt", one) == ["代-2018-1"], one)
    items = [dict(request_id=f"r-{no}", receipt=receipt(no)) for no in range(40)]
    items += [
        dict(request_id="r-more", receipt=receipt(40)),
        dict(request_id="r-priced", receipt=receipt(41, amount_fen=1_999)),
        dict(request_id="r-malformed", receipt=receipt(42, heads=0)),
    ]
    messages = [dict(book=BOOK, items=items[at : at + 10]) for at in range(0, len(items), 10)]
    answers = people["collector"].server.stream("PremiumService/PostPremiumReceipts", messages, people["collector"].token)
    answered = {answer.request_id: answer for message in answers for answer in message.answers}
    check("every receipt of a stream has an answer", set(answered) == {item["request_id"] for item in items}, answered)
    references = [answered[f"r-{no}"].result.posted.vouchers[0].reference for no in range(40)]
    check("the numbers have no gap", references == [f"代-2018-{no + 1}" for no in range(40)], references)
    check("what was posted before is replayed", answered["r-0"].result.receipt.replayed, answered["r-0"])
    check("what was not is not", not answered["r-1"].result.receipt.replayed, answered["r-1"])
    for request_id, code, detail in [
        ("r-more", grpc.StatusCode.FAILED_PRECONDITION, "ENR-001"),
        ("r-priced", grpc.StatusCode.FAILED_PRECONDITION, "SRC-007"),
        ("r-malformed", grpc.StatusCode.INVALID_ARGUMENT, "receipt.heads"),
    ]:
        error = wire.Error.of_status(answered[request_id].error)
        found = [v.type for v in error.precondition.violations] + [v.field for v in error.bad_request.field_violations]
        check(f"{request_id} is refused alone, for {detail}", error.code == code and detail in found, error)
    return answered["r-39"].result.receipt.sequence


def balances_are_read(people, before_gift, sequence):
    def balances(**asked):
        answer = people["audit"]("AuditService/GetBalances", book=BOOK, at_least=sequence, **asked)
        return {(b.account, b.source): (b.side, b.balance_fen) for b in answer.balances if b.balance_fen}, answer

    debit, credit = 1, 2
    now, answer = balances()
    wanted = {
        ("10201", "S3N"): (debit, 5_000_000),
        ("40802", "S3N"): (credit, 5_000_000),
        ("10202", "S1M"): (debit, 80_000),
        ("22101", "S1M"): (credit, 80_000),
    }
    check("balances by source", now == wanted, now)
    check("an answer names the sequence that it holds for", answer.sequence >= sequence, answer.sequence)
    early, _ = balances(as_of_date=date("2018-05-31"))
    check("balances as of the end of May", set(early) == {("10202", "S1M"), ("22101", "S1M")}, early)
    then, _ = balances(known_at=before_gift)
    check("balances as known before the donation", then == {}, then)
    of_gift, _ = balances(source="S3N", split_by=["BALANCE_DIMENSION_SOURCE", "BALANCE_DIMENSION_GRANT"])
    check("balances of one source", set(of_gift) == {("10201", "S3N"), ("40802", "S3N")}, of_gift)
    for chart in ["CHART_V2021", "CHART_V2009"]:
        trial = people["audit"]("AuditService/GetTrialBalance", book=BOOK, chart=chart)
        totals = trial.totals
        check(f"the trial balance under {chart} balances", totals.debit_balance_fen == totals.credit_balance_fen == 5_080_000, totals)


def lists_are_paged(people):
    whole = people["audit"]("AuditService/ListRecords", book=BOOK, page_size=1_000)
    token, paged, pages = "", [], 0
    while True:
        page = people["audit"]("AuditService/ListRecords", book=BOOK, page_size=7, page_token=token)
        pages, token = pages + 1, page.next_page_token
        paged.extend(page.records)
        if pages == 2:
            # A record made meanwhile belongs to no page of this listing.
            extra = dict(code="LATE", name="后来者", type="ORGANIZATION_TYPE_DONOR")
            answer = people["service"]("BookService/RegisterOrganization", book=BOOK, request_id="late-1", organization=extra)
            posted("an organisation between two pages", answer)
        if not token:
            break
    check("pages hold what the whole listing held", paged == list(whole.records), (len(paged), len(whole.records)))
    check("there were many pages", pages == -(-len(paged) // 7), pages)
    sequences = [record.sequence for record in paged]
    check("sequences have no gap", sequences == list(range(1, len(paged) + 1)), sequences)
    leaves = [hashlib.sha256(b"\0" + record.body).digest() for record in paged]
    check("every body has its leaf hash", leaves == [record.leaf_hash for record in paged])
    book = people["audit"]("BookService/GetBook", book=BOOK)
    rest = people["audit"]("AuditService/ListRecords", book=BOOK, after=len(paged)).records
    leaves += [hashlib.sha256(b"\0" + record.body).digest() for record in rest]
    check("the leaves lead to the book's root", tree_root(leaves) == book.root, book)
    error = people["audit"]("AuditService/ListRecords", book=BOOK, page_token="forged")
    refusal("a forged page token", error, grpc.StatusCode.INVALID_ARGUMENT)


def tree_root(leaves):
    """RFC 6962, by its definition."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree_root(leaves[:split]) + tree_root(leaves[split:])).digest()


def main():
    with grpc.insecure_channel(ADDRESS) as channel:
        server = wire.Server(channel, TOKENS["operator"])
        the_server_describes_itself(server)
        people = {person: Desk(server, person) for person in TOKENS}
        a_book_is_opened(people)
        masters_are_registered(people)
        before_gift = a_donation_is_posted(people)
        requests_are_repeated(people)
        unlawful_requests_are_refused(people)
        malformed_requests_are_told_all_at_once(people)
        strangers_are_kept_out(people)
        premiums_stand_ready(people)
        sequence = receipts_are_streamed(people)
        balances_are_read(people, before_gift, sequence)
        lists_are_paged(people)
    print("done")


main()
