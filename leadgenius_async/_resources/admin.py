"""What the platform's admins see: all companies and all users."""

from __future__ import annotations

from leadgenius_async._http.record import Record
from leadgenius_async._resources.company import Company
from leadgenius_async._resources.listing import Listing
from leadgenius_async._resources.section import Section


class User(Record):
    """Somebody who can log in. The shape is assumed.

    Attributes:
        id: The user id, which leads call `owner`.
        username: Sign-in name.
        email: E-mail address.
        company_id: The company of the membership.
        role: What the user may do there: owner, admin, member, or another word of the service's.
    """

    id: str | None = None
    username: str | None = None
    email: str | None = None
    company_id: str | None = None
    role: str | None = None


class Admin(Section):
    """Calls of `/api/admin`. Takes an admin's login or cookies; all others get 403 (observed)."""

    def companies(self, *, limit: int | None = None) -> Listing[Company]:
        """List all companies of the platform.

        The service gives all of them in one answer (assumed).

        Args:
            limit: Most companies to give.

        Raises:
            PermissionDenied: While it is iterated: the login is no admin's.

        ```python
        names = [company.name async for company in lg.admin.companies()]
        ```
        """
        keys = ("companies", "data.items", "data")
        return self._list("/admin/companies", Company, keys, limit=limit)

    def users(self, *, limit: int | None = None) -> Listing[User]:
        """List all users of the platform.

        The service gives all of them in one answer (assumed).

        Args:
            limit: Most users to give.

        Raises:
            PermissionDenied: While it is iterated: the login is no admin's.

        ```python
        owners = [user.email async for user in lg.admin.users() if user.role == "owner"]
        ```
        """
        keys = ("users", "data.items", "data")
        return self._list("/admin/users", User, keys, limit=limit)
