from django.urls import path

from mentoring.schedule import views
from mentoring.schedule import views_links as links
from mentoring.schedule import views_sessions as sessions

app_name = "schedule"
urlpatterns = [
    path("week/", views.week, name="week"),
    path("calendar/", views.calendar, name="calendar"),
    path("sessions/<uuid:pk>/", sessions.session_detail, name="session-detail"),
    path("sessions/<uuid:pk>/move/", sessions.session_move, name="session-move"),
    path("sessions/<uuid:pk>/move/times/", sessions.session_times, name="session-times"),
    path("sessions/<uuid:pk>/move/accept/", sessions.session_move_accept, name="session-move-accept"),
    path("sessions/<uuid:pk>/move/decline/", sessions.session_move_decline, name="session-move-decline"),
    path("sessions/<uuid:pk>/move/withdraw/", sessions.session_move_withdraw, name="session-move-withdraw"),
    path("sessions/<uuid:pk>/skip/", sessions.session_skip, name="session-skip"),
    path("sessions/<uuid:pk>/mark/", sessions.session_mark, name="session-mark"),
    path("sessions/<uuid:pk>/link/", links.session_link, name="session-link"),
    path("series/<uuid:pk>/link/", links.series_link, name="series-link"),
]
