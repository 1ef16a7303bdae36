"""The stores of this process, made on first use. Importing a handler does nothing."""

from __future__ import annotations

from functools import cache

from biotheca.access.glass.store import GlassStore
from biotheca.access.grants import Granted
from biotheca.access.proofs.store import VisaRing, VisaStore
from biotheca.access.store import AccessStore
from biotheca.accessions.service import Mint
from biotheca.accessions.store import AccessionStore
from biotheca.accounts.store import PeopleStore, UserPool
from biotheca.audit.store import ChainStore
from biotheca.curation.store import Desk, Workflow
from biotheca.deidentification.store import Reports
from biotheca.delivery.store import HeaderStore, MovingWorkflow, Places, SealedArchive, SecretRing
from biotheca.imaging.store import PackedSeries, SeriesIndex
from biotheca.lake.queries.store import QueryStore
from biotheca.mirror.store import MirrorStore
from biotheca.notices.store import NoticeStore, Post
from biotheca.openness.asked import AskedRequests
from biotheca.openness.store import OpennessStore
from biotheca.publication.service import Registry
from biotheca.publication.store import Archive, RecordStore
from biotheca.qc.store import ReportStore
from biotheca.search.store import WordIndex
from biotheca.sequences.store import CopyWorkflow, MirrorBucket, SequenceStore
from biotheca.settings import Settings
from biotheca.submissions.store import SubmissionStore
from biotheca.taxonomy.service import Taxonomy
from biotheca.taxonomy.store import TaxonomyStore
from biotheca.uploads.store import Inbox

submissions = cache(SubmissionStore)
inbox = cache(Inbox)
records = cache(RecordStore)
reports = cache(ReportStore)
deidentified = cache(Reports)
index = cache(WordIndex)
series = cache(SeriesIndex)
packed = cache(PackedSeries)
users = cache(UserPool)
people = cache(PeopleStore)
notices = cache(NoticeStore)
post = cache(Post)
chain = cache(ChainStore)
queries = cache(QueryStore)
workflow = cache(Workflow)
desk = cache(Desk)
mirror = cache(MirrorStore)
sequences = cache(SequenceStore)
access = cache(AccessStore)
mirrored = cache(MirrorBucket)
copies = cache(CopyWorkflow)
openness = cache(OpennessStore)
headers = cache(HeaderStore)
ring = cache(SecretRing)
moves = cache(MovingWorkflow)
visa_ring = cache(VisaRing)
visas = cache(VisaStore)


@cache
def archive() -> Archive:
    """The open archive, which leads to the controlled one and to the one that keeps files encrypted."""
    return Archive(sealing=lambda: SealedArchive(headers()))


@cache
def places() -> Places:
    """The buckets of archived files, for those who move them."""
    return Places(headers(), ring() if Settings().optional("delivery_keys") else None)


@cache
def asked() -> AskedRequests:
    """The requests that openness counts."""
    return AskedRequests(access())


@cache
def grants() -> Granted:
    """Who holds a live grant, for publication's doors."""
    return Granted(access())


@cache
def glass() -> GlassStore:
    """Who of the staff broke which glass."""
    return GlassStore(access().table)


@cache
def registry() -> Registry:
    """What accessions name, for the checks of a document."""
    return Registry(records(), taxonomy())


@cache
def taxonomy() -> Taxonomy:
    """Taxa: the whole taxonomy if it was loaded, else the package's subset."""
    return Taxonomy(TaxonomyStore())


@cache
def minting() -> Mint:
    """One Mint a process: it holds the rest of each block it took."""
    return Mint(AccessionStore())
