"""Jobs: how it goes with what a wish began."""

from uuid import UUID

from fastapi import APIRouter

from api.auth import User
from api.errors import answers
from api.services import Served
from api.wishes import find
from persistence import audit
from schemas.errors import NotFound
from schemas.views import JobView

router = APIRouter(tags=["jobs"])


@router.get("/api/jobs/{job_id}", summary="Show a job", responses=answers(404))
async def show(job_id: UUID, backend: Served, caller: User) -> JobView:
    """How the attempt that a wish began goes, and how it ended."""
    job = await audit.job(backend.engine, job_id)
    if job is None:
        raise NotFound("Job not found")
    try:
        await find(backend, caller, job.instance_id)
    except NotFound as error:
        raise NotFound("Job not found") from error
    return job
