"""User models of other kinds than Django's own."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Member(AbstractBaseUser):
    """Known by issuer and subject."""

    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=20)
    key = models.UUIDField(unique=True, default=uuid.uuid4)
    note = models.TextField(default="")
    is_active = models.BooleanField(default=True)

    objects: Any = BaseUserManager()
    USERNAME_FIELD = "subject"

    class Meta:
        constraints = (models.UniqueConstraint(fields=["issuer", "subject"], name="one_member"),)


class Guest(AbstractBaseUser):
    """Known by several names, in the old way of saying so."""

    house = models.CharField(max_length=20)
    name = models.CharField(max_length=20)

    objects: Any = BaseUserManager()
    USERNAME_FIELD = "name"

    class Meta:
        unique_together = (("house", "name"),)


class Folded(AbstractBaseUser):
    """In a database that does not tell small letters from capital ones."""

    name = models.CharField(max_length=20, unique=True, db_collation="NOCASE")

    objects: Any = BaseUserManager()
    USERNAME_FIELD = "name"


class Thing(models.Model):
    """No user at all."""

    name = models.CharField(max_length=20, unique=True)
