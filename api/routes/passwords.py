"""The one way to an instance's admin password: for admins, for a reason, and never without a trace."""

from uuid import UUID

from fastapi import APIRouter

from api.auth import Admin
from api.errors import BODY, answers
from api.revealing import reveal
from api.wishes import Wishing
from schemas.views import AdminPassword, RevealAdminPassword

router = APIRouter(tags=["instances"])


@router.post(
    "/api/instances/{instance_id}/reveal-admin-password",
    summary="Reveal the admin password (admin)",
    responses=answers(*BODY, 404),
)
async def reveal_admin_password(
    instance_id: UUID, body: RevealAdminPassword, wisher: Wishing, _: Admin
) -> AdminPassword:
    """Recorded with caller and reason as `admin_password.revealed` before it is shown; shown again, recorded again."""
    return await reveal(wisher, instance_id, body.reason)
