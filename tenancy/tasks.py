"""Followers of the tenancy floor."""

from tenancy.invitation_mail import InvitationFollower

invitation = InvitationFollower()
